import { inspect } from 'node:util'
import {
  caspay,
  createReceiver,
  type IdempotencyStore,
  kasperopay,
  memoryStore,
  merchantToken,
  mugglepay,
  type Provider,
  payqi,
  payvost,
  type WebhookEvent,
} from '../../src'
import type { Sent } from '../adapters/hosts'
import { hexHmac } from '../support/deliveries'
import { faultyStore, now, secret } from '../support/shop'
import {
  apiKey,
  kasperSent,
  merchantId,
  muggleSent,
  type Signer,
  sentWith,
  signed,
  signers,
  token,
  wrongSecret,
} from './senders'
import { consoleDuring } from './watching'

const orderTokenSecret = 'order-token-secret-0123456789'
const rotatedSecret = 'a-rotated-secret-0123456789'

/** Everything that must never be seen, by a name that may be. */
const hidden = new Map<string, string>([
  ['secret', secret],
  ['rotated secret', rotatedSecret],
  ['token', token],
  ['api key', apiKey],
  ['order token secret', orderTokenSecret],
  ['order token', merchantToken(orderTokenSecret, 'o_1')],
])

/** As text, hex, base64, and as the digits that `inspect` shows of bytes. */
const spellings = (value: string): string[] => {
  const bytes = Buffer.from(value)
  return [
    value,
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    inspect(bytes).slice(8, 60),
    [...bytes].join(','),
    [...bytes].join(', '),
  ]
}

export interface Collected {
  readonly what: string
  readonly text: string
}

export interface Search {
  readonly deliveries: number
  readonly texts: readonly Collected[]
  readonly needles: number
  /** `what: which secret`, for every one that was found. */
  readonly hits: readonly string[]
}

export function show(value: unknown): string {
  const parts = [inspect(value, { depth: 9, showHidden: true, maxArrayLength: null }), String(value)]
  try {
    parts.push(JSON.stringify(value) ?? '')
  } catch {
    // Nothing to read in what cannot be written.
  }
  if (value instanceof Error) parts.push(value.message, value.stack ?? '', show(value.cause))
  return parts.join('\n')
}

const variants = (signer: Signer): Sent[] => {
  const broken = signer.body.replace('"p"', '7').replace('"1.5"', '{}')
  const bodies = [
    signer.body,
    broken,
    'x',
    '{',
    '{"__proto__":{}}',
    signer.body.replace('evt_1', 'a b'),
    signer.body.replace(/\d{10}|2026-/, '1500000000'),
  ]
  return bodies.flatMap((body) => [
    signed(signer, body),
    signed(signer, body, wrongSecret),
    sentWith(signer, undefined, body),
    sentWith(signer, `${signer.value(signer.tag(body))}0`, body),
    sentWith(signer, signer.value(signer.tag(body).toUpperCase()), body),
  ])
}

const failing: readonly [string, () => unknown][] = [
  [
    'a handler that throws',
    () => {
      throw new Error('no stock')
    },
  ],
  ['a handler that rejects', () => Promise.reject(undefined)],
]

const stores: readonly [string, Partial<IdempotencyStore>][] = [
  ['a store', {}],
  ['a store that fails', { claim: () => Promise.reject(new Error('store down')) }],
  ['a store that hangs', { claim: () => new Promise(() => {}) }],
  ['a store that cannot record', { complete: () => Promise.reject(new Error('store down')) }],
  ['a store that cannot release', { release: () => Promise.reject(new Error('store down')) }],
]

interface Case {
  readonly provider: Provider<WebhookEvent>
  readonly sent: readonly Sent[]
}

const broken = () => Promise.reject(new TypeError('fetch failed'))
const cases = (): Case[] => [
  ...signers.map((signer) => ({ provider: signer.provider, sent: variants(signer) })),
  ...[caspay, payqi, payvost].flatMap((make, index) => {
    const signer = signers[index]
    const several = [
      { id: 'new', value: rotatedSecret },
      { id: 'old', value: secret, notAfter: '2026-01-01T00:00:00Z' },
    ]
    return signer === undefined
      ? []
      : [{ provider: make({ secret: several }) as Provider<WebhookEvent>, sent: variants(signer) }]
  }),
  ...[
    mugglepay({ token }),
    mugglepay({ token, apiKey, fetch: broken as typeof fetch }),
    mugglepay({ orderTokenSecret }),
    mugglepay({ tokenFor: () => token }),
  ].map((provider) => ({
    provider: provider as Provider<WebhookEvent>,
    sent: [
      muggleSent(),
      muggleSent({ token: merchantToken(orderTokenSecret, 'o_1') }),
      muggleSent({ token: 'wrong-token-0123456789' }),
      muggleSent({ price_amount: {} }),
      muggleSent({ order_id: 7 }),
      muggleSent({ status: 'a\nb' }),
      muggleSent({ merchant_order_id: null }),
    ],
  })),
  {
    provider: kasperopay({ merchantId, fetch: broken as typeof fetch }),
    sent: [kasperSent(), kasperSent({ payment_id: '..' })],
  },
]

/** Wrong settings, each with a right secret somewhere in it. */
const misbuilt: readonly (() => unknown)[] = [
  ...[` ${secret}`, `${secret}\n`, `"${secret}"`, `${secret}\u200b`, secret.slice(0, 15)].flatMap((value) => [
    () => caspay({ secret: value }),
    () => payqi({ secret: value }),
    () => payvost({ secret: value }),
    () => mugglepay({ token: value }),
    () => mugglepay({ orderTokenSecret: value }),
    () => mugglepay({ token, apiKey: value }),
    () => merchantToken(value, 'o'),
  ]),
  () => caspay({ secret: [secret, ''] }),
  () =>
    caspay({
      secret: [
        { id: 'a', value: secret },
        { id: 'a', value: rotatedSecret },
      ],
    }),
  () => caspay({ secret: { id: secret + secret + secret, value: secret } }),
  () => caspay({ secret: { id: 'a', value: secret, notAfter: secret } }),
  () => caspay({ secret: { id: 'a', value: secret, mode: secret as 'live' } }),
  () => mugglepay({ token, orderTokenSecret } as never),
  () => mugglepay({ token, apiKey, apiUrl: `https://${apiKey}@x/` }),
  () => mugglepay({ token, apiKey, timeoutMs: -1 }),
  () => createReceiver({ provider: caspay({ secret }), store: memoryStore(), account: `${secret} ` }),
  () => createReceiver({ provider: { secret } as never, store: memoryStore() }),
  () => createReceiver({ provider: caspay({ secret }), store: { secret } as never }),
]

function collectMisbuilt(texts: Collected[]): void {
  for (const [index, build] of misbuilt.entries()) {
    try {
      texts.push({ what: `settings ${index}`, text: show(build()) })
    } catch (error) {
      texts.push({ what: `settings ${index}`, text: show(error) })
    }
  }
}

async function collectCase({ provider, sent }: Case, texts: Collected[]): Promise<number> {
  let deliveries = 0
  for (const [storeName, faults] of stores) {
    for (const [handlerName, handler] of storeName === 'a store' ? failing : failing.slice(0, 1)) {
      const what = `${provider.name}, ${storeName}, ${handlerName}`
      const reports: string[] = []
      const common = { provider, store: faultyStore(faults), now: () => now, storeTimeoutMs: 5 }
      const observed = createReceiver({ ...common, observe: (report) => void reports.push(show(report)) })
      const logged = createReceiver({ ...common, store: faultyStore(faults) })
      texts.push({ what: `${what}: the receiver`, text: show(observed) + show(provider) })
      for (const { headers, body } of sent) {
        const request = { headers: [...headers], body: String(body), method: 'POST' }
        for (const receiver of [observed, logged]) {
          const { reply, ...outcome } = await receiver.receive(request, handler)
          texts.push({ what: `${what}: an answer`, text: show(reply) })
          if ('error' in outcome) texts.push({ what: `${what}: an outcome's error`, text: show(outcome.error) })
          deliveries++
        }
        await observed.verify(request).catch((error) => texts.push({ what: `${what}: an error`, text: show(error) }))
      }
      texts.push(...reports.map((text) => ({ what: `${what}: a report`, text })))
    }
  }
  return deliveries
}

/** The signatures that each body should have had. */
function rightSignatures(): ReadonlySet<string> {
  const bodies = signers.flatMap((signer) => variants(signer).map(({ body }) => ({ signer, body: String(body) })))
  return new Set(
    bodies.flatMap(({ signer, body }) =>
      [secret, rotatedSecret].flatMap((key) => [signer.tag(body, key), hexHmac(key, body)]),
    ),
  )
}

/** Plays everything that can go wrong, and looks for what must not be seen. A dead letter holds its delivery: it is not looked at. */
export async function searchLeaks(): Promise<Search> {
  const texts: Collected[] = []
  let deliveries = 0
  const written = await consoleDuring(async () => {
    collectMisbuilt(texts)
    for (const part of cases()) deliveries += await collectCase(part, texts)
  })
  texts.push(...written.map((values) => ({ what: 'the console', text: values.map(show).join('\n') })))
  return { deliveries, texts, needles: hidden.size + rightSignatures().size, hits: find(texts) }
}

function find(texts: readonly Collected[]): string[] {
  const unlike = new Map<string, string>(texts.map(({ what, text }) => [text, what]))
  const needles = [...hidden].flatMap(([name, value]) => spellings(value).map((needle) => [name, needle] as const))
  const signatures = rightSignatures()
  return [...unlike].flatMap(([text, what]) => [
    ...needles.filter(([, needle]) => text.includes(needle)).map(([name]) => `${what}: ${name}`),
    ...(text.match(/[0-9a-f]{64}/g) ?? []).filter((hex) => signatures.has(hex)).map(() => `${what}: a right signature`),
  ])
}
