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
import { secret } from '../support/shop'
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

export const orderTokenSecret = 'order-token-secret-0123456789'
export const rotatedSecret = 'a-rotated-secret-0123456789'

export const variants = (signer: Signer): Sent[] => {
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

export const failing: readonly [string, () => unknown][] = [
  [
    'a handler that throws',
    () => {
      throw new Error('no stock')
    },
  ],
  ['a handler that rejects', () => Promise.reject(undefined)],
]

export const stores: readonly [string, Partial<IdempotencyStore>][] = [
  ['a store', {}],
  ['a store that fails', { claim: () => Promise.reject(new Error('store down')) }],
  ['a store that hangs', { claim: () => new Promise(() => {}) }],
  ['a store that cannot record', { complete: () => Promise.reject(new Error('store down')) }],
  ['a store that cannot release', { release: () => Promise.reject(new Error('store down')) }],
]

export interface Case {
  readonly provider: Provider<WebhookEvent>
  readonly sent: readonly Sent[]
}

const broken = () => Promise.reject(new TypeError('fetch failed'))
export const cases = (): Case[] => [
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
export const misbuilt: readonly (() => unknown)[] = [
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
