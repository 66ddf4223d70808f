import {
  caspay,
  createReceiver,
  memoryStore,
  merchantToken,
  mugglepay,
  type Provider,
  payqi,
  payvost,
  type WebhookEvent,
} from '../../src'
import type { Sent } from '../adapters/hosts'
import { genuine, now, secret } from '../support/shop'
import { type Attack, checking, type Expectation, misbuilding, type Try } from './attack'
import { comparing } from './comparison'
import {
  caspaySigner,
  kasper,
  kasperSent,
  muggle,
  muggleSent,
  payqiSigner,
  signed,
  signers,
  timedSigner,
  wrongSecret,
} from './senders'
import { asControl, type Deployment, directly, everyHost, onHosts, openStage, taken, withStage } from './stage'
import { verified } from './verified'

const duplicate: Expectation = { status: 200, code: 'duplicate', storeCalls: 1 }
const mismatch = { status: 401, code: 'signature_mismatch' }

/** The genuine delivery first; what counts is what comes after. */
const again = (name: string, sent: () => Sent, deployment: Deployment = {}): Try[] =>
  everyHost.map((host) => ({
    name: `${name}, ${host.name}`,
    expected: duplicate,
    play: () =>
      withStage(host, 'in process', deployment, async (stage) => {
        await stage.send(sent())
        return stage.send(sent())
      }),
  }))

/** The same bytes at two endpoints that share a store. */
const elsewhere: Try[] = everyHost.map((host) => ({
  name: `at another endpoint, ${host.name}`,
  expected: duplicate,
  async play() {
    const store = memoryStore()
    const [first, second] = [
      await openStage(host, 'in process', { store }),
      await openStage(host, 'in process', { store }),
    ]
    await first.send(genuine())
    return second.send(genuine())
  },
}))

/** The same id in one store, and yet another event: both are handled. */
const apart = (name: string, second: Deployment & { sent: () => Sent }): Try[] =>
  everyHost.map((host) => ({
    name: `${name}, ${host.name}`,
    expected: taken,
    control: true,
    async play() {
      const store = memoryStore()
      const { sent, ...options } = second
      const stages = [
        await openStage(host, 'in process', { store, account: 'one' }),
        await openStage(host, 'in process', { store, account: 'one', ...options }),
      ]
      await stages[0]?.send(genuine())
      return stages[1]?.send(sent()) ?? { status: 0, code: '', handlerRuns: 0, stored: 0 }
    },
  }))

const inMode = (mode: 'test' | 'live') => caspay({ secret: { id: mode, value: secret, mode } })

const replayed = (): Try[] => [
  ...apart('for another account', { account: 'two', sent: () => genuine() }),
  ...apart('of another provider', { provider: payqiSigner.provider, sent: () => signed(payqiSigner) }),
  ...(['test', 'live'] as const).flatMap((mode) =>
    onHosts(
      `signed by a secret for ${mode}, at a receiver for the other mode`,
      { status: 401, code: 'mode_mismatch' },
      () => genuine(),
      { provider: inMode(mode), mode: mode === 'test' ? 'live' : 'test' },
    ),
  ),
  ...onHosts(
    'signed for this mode',
    taken,
    () => genuine(),
    { provider: inMode('live'), mode: 'live' },
    { control: true },
  ),
  ...again('again', () => genuine()),
  ...again('again, without an id of its own', () => kasperSent(), { provider: kasper() }),
  ...again('again, in other words', () => muggleSent({ x: Math.random() }), { provider: muggle() }),
  ...elsewhere,
  ...[caspay, payqi, payvost].flatMap((make, index) =>
    signers
      .filter(({ name }) => !name.startsWith(['caspay', 'payqi', 'payvost'][index] ?? ''))
      .map((signer) =>
        directly(`${signer.name} at another provider's endpoint`, { status: 401 }, () => signed(signer), {
          provider: make({ secret: wrongSecret }) as Provider<WebhookEvent>,
        }),
      ),
  ),
  ...onHosts(
    'signed for another merchant',
    { status: 401, code: 'account_mismatch' },
    () => signed(caspaySigner, dispatched('theirs')),
    {
      provider: caspay({ secret, merchantId: 'mine' }),
    },
  ),
  ...onHosts(
    'signed for this merchant',
    taken,
    () => signed(caspaySigner, dispatched('mine')),
    { provider: caspay({ secret, merchantId: 'mine' }) },
    { control: true },
  ),
  ...onHosts(
    'a test event under a live secret',
    { status: 401, code: 'mode_mismatch' },
    () => signed(timedSigner, timedSigner.body.replace('"liveMode":true', '"liveMode":false')),
    {
      provider: payvost({ secret: { id: 'live', value: secret, mode: 'live' } }),
    },
  ),
  ...onHosts(
    "another merchant's payment",
    { status: 401, code: 'account_mismatch' },
    () => kasperSent({ merchant_id: 'kpm_other' }),
    { provider: kasper() },
  ),
  misbuilding('a store that forgets before the event is too old', () =>
    createReceiver({ provider: caspaySigner.provider, store: memoryStore(), retentionSeconds: 600 }),
  ),
]

const dispatched = (merchant: string) =>
  `{"event":"payment.received","data":{"payment_id":"p","transaction_hash":"h","amount":1,"currency":"CSPR"},"timestamp":"${new Date(now).toISOString()}","merchant_id":"${merchant}"}`

const old = (notAfter: string) => ({ id: 'old', value: secret, notAfter })
const rotating = (notAfter: string) =>
  caspay({ secret: [{ id: 'new', value: 'the-new-secret-0123456789' }, old(notAfter)] })
const [live, over] = [rotating('2099-01-01T00:00:00Z'), rotating('2026-01-01T00:00:00Z')]

/** The tokens that a secret with such a date makes right. */
const tokens = {
  'a token': (notAfter: string) => ({ provider: mugglepay({ token: old(notAfter) }), token: { token: secret } }),
  'a token that was looked up': (notAfter: string) => ({
    provider: mugglepay({ tokenFor: () => old(notAfter) }),
    token: { token: secret },
  }),
  'a token of one order': (notAfter: string) => ({
    provider: mugglepay({ orderTokenSecret: old(notAfter) }),
    token: { token: merchantToken(secret, 'o_1') },
  }),
}

const rotated = (): Try[] => [
  ...onHosts('the old secret after its date', mismatch, () => signed(caspaySigner), { provider: over }),
  ...onHosts(
    'the old secret before its date',
    taken,
    () => signed(caspaySigner),
    { provider: live },
    { control: true },
  ),
  comparing(
    'a forgery, both secrets live',
    mismatch,
    '64/64 64/64',
    signed(caspaySigner, caspaySigner.body, wrongSecret),
    { provider: live },
  ),
  comparing('a forgery, one secret over', mismatch, '64/64', signed(caspaySigner, caspaySigner.body, wrongSecret), {
    provider: over,
  }),
  checking('the event names the secret by its id', async () => {
    const { proof } = await verified(live, signed(caspaySigner))
    return proof.secretId === 'old' ? undefined : `it names ${proof.secretId}`
  }),
  ...Object.entries(tokens).flatMap(([name, make]) => [
    directly(
      `${name} after its date`,
      { status: 401, code: 'token_mismatch' },
      () => muggleSent(make('2026-01-01T00:00:00Z').token),
      make('2026-01-01T00:00:00Z'),
    ),
    asControl(
      directly(
        `${name} before its date`,
        taken,
        () => muggleSent(make('2099-01-01T00:00:00Z').token),
        make('2099-01-01T00:00:00Z'),
      ),
    ),
  ]),
  misbuilding('a date that is not set', () => rotating(undefined as unknown as string)),
  misbuilding('a date that is none', () => rotating('next week')),
  misbuilding('nine secrets', () =>
    caspay({ secret: Array.from({ length: 9 }, (_, index) => `a-secret-0123456789-${index}`) }),
  ),
]

export const replay: readonly Attack[] = [
  { row: '14', name: 'the same again: here, elsewhere, for another account or mode', tries: replayed },
  { row: '37', name: 'a secret that should be gone', tries: rotated },
]
