import { type PayqiEvent, payqi } from '../../providers/payqi'
import {
  hexHmac,
  jsonType,
  type Samples,
  type Sender,
  type SentForm,
  type SigningSecret,
  secretsOf,
  unixSeconds,
} from './sender'

export interface PayqiOptions {
  readonly secret: SigningSecret
}

/** What is known before the payment is seen on the ledger; `tx_hash` comes with it. */
const early = (status: string) => (serial: string) => ({
  id: `pay_${serial}`,
  amount: 12.5,
  currency: 'XRP',
  status,
  pay_address: 'rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe',
  destination_tag: '123456',
  metadata: { order_id: '12345' },
})
const seen = (status: string) => (serial: string) => {
  const { metadata, ...known } = early(status)(serial)
  return { ...known, tx_hash: 'E3FE6EA3D48F0C2B639448020EA4F03D4F4F8FFDB243A852A0F59177921B4879', metadata }
}

const samples: Samples<PayqiEvent, 'documented'> = {
  'payment.created': early('created'),
  'payment.pending': early('pending'),
  'payment.completed': seen('completed'),
  'payment.failed': seen('failed'),
  'payment.expired': early('expired'),
}

const documented = {
  samples,
  payload: ({ id, type, eventAt, data }) => ({ id, type, created: unixSeconds(eventAt), data }),
  headers: (body, _, { attemptAt, options }) => ({
    ...jsonType,
    'X-PayQI-Signature': hexHmac(secretsOf('payqi({ secret })', options.secret)[0], body),
    'X-PayQI-Timestamp': String(unixSeconds(attemptAt)),
  }),
} satisfies SentForm<PayqiOptions>

/** The guide's test call: neither id nor time, and a signature that no secret can verify. */
const testCall = {
  samples: { 'payment.completed': () => ({ id: 'pay_test_123' }) },
  unverifiable: 'the text `test_signature`',
  matches: () => false,
  payload: ({ type, data }) => ({ type, data }),
  headers: () => ({ ...jsonType, 'X-PayQI-Signature': 'test_signature' }),
} satisfies SentForm<PayqiOptions>

const forms = { documented, testCall } as const

export const payqiSender: Sender<PayqiOptions, typeof forms> = {
  name: 'payqi',
  title: 'PayQI',
  settings: [{ name: 'secret', variable: 'PAYQI_WEBHOOK_SECRET', secret: true, needed: 'one' }],
  forms,
  usualEvent: 'payment.completed',
  createProvider: ({ secret }) => payqi({ secret }),
}
