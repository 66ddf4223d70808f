import { type CaspayEvent, caspay } from '../../providers/caspay'
import {
  hexHmac,
  jsonType,
  type Occasion,
  type Samples,
  type Sender,
  type SentForm,
  type SigningSecret,
  secretsOf,
  unixSeconds,
} from './sender'

export interface CaspayOptions {
  readonly secret: SigningSecret
  /** The `merchant_id` of the dispatched form. */
  readonly merchantId?: string
}

const hash = 'b5c3d1f0a7e94c2b8d6f1e3a5b7c9d0e2f4a6b8c0d1e3f5a7b9c1d3e5f7a9b0c'
const account = '01a8b9c0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d'

const subscription = (serial: string) => ({
  subscription_id: 'sub_5b0e',
  plan_id: 'plan_pro',
  payment_id: serial,
  transaction_hash: hash,
  subscriber: account,
  amount: 25,
  currency: 'CSPR',
})

const dispatchedSamples: Samples<CaspayEvent, 'dispatched'> = {
  'payment.received': (serial) => ({
    payment_id: serial,
    product_id: 'prod_tshirt_01',
    transaction_hash: hash,
    payer: account,
    amount: 150.5,
    currency: 'CSPR',
  }),
  'subscription.created': subscription,
  'subscription.renewed': subscription,
}

const payment = (status: string) => (serial: string) => ({
  payment: {
    id: `pay_${serial}`,
    amount: 100_000_000_000,
    currency: 'CSPR',
    status,
    metadata: { orderId: 'order_456' },
  },
})
const plan = (status: string) => () => ({ subscription: { id: 'sub_5b0e', plan: 'plan_pro', status } })

const documentedSamples: Samples<CaspayEvent, 'documented'> = {
  'payment.completed': payment('completed'),
  'payment.failed': payment('failed'),
  'payment.pending': payment('pending'),
  'subscription.created': plan('active'),
  'subscription.updated': plan('active'),
  'subscription.canceled': plan('canceled'),
  'subscription.payment_succeeded': plan('active'),
  'subscription.payment_failed': plan('past_due'),
}

const paid = (status: string) => (serial: string) => ({
  object: { id: `pay_${serial}`, transaction_hash: hash, status, metadata: { orderId: 'order_456' } },
})
const thing = (prefix: string, status: string) => (serial: string) => ({
  object: { id: `${prefix}_${serial}`, status },
})

const typedSamples: Samples<CaspayEvent, 'typed'> = {
  'payment.received': paid('received'),
  'payment.confirmed': paid('confirmed'),
  'payment.failed': paid('failed'),
  'subscription.created': thing('sub', 'active'),
  'subscription.renewed': thing('sub', 'active'),
  'subscription.cancelled': thing('sub', 'cancelled'),
  'subscription.expired': thing('sub', 'expired'),
  'invoice.created': thing('inv', 'open'),
  'invoice.paid': thing('inv', 'paid'),
  'payout.initiated': thing('po', 'initiated'),
  'payout.completed': thing('po', 'completed'),
  'payout.failed': thing('po', 'failed'),
  'contract.deployed': thing('con', 'deployed'),
  'contract.error': thing('con', 'error'),
}

const signed = (body: string, { secret }: CaspayOptions) => ({
  ...jsonType,
  'X-CasPay-Signature': hexHmac(secretsOf('caspay({ secret })', secret)[0], body),
})

const enveloped = {
  payload: ({ id, type, eventAt, data }: Occasion<CaspayOptions>) => ({
    id,
    type,
    created: unixSeconds(eventAt),
    data,
  }),
  headers: (body: string, _: object, { options }: Pick<Occasion<CaspayOptions>, 'options'>) => signed(body, options),
}

/** What the service sends today: it has its time from one clock, in body and header. */
const dispatched = {
  samples: dispatchedSamples,
  idField: 'payment_id',
  newId: () => crypto.randomUUID(),
  matches: (payload) => 'event' in payload,
  payload: ({ type, data, eventAt, options: { merchantId = 'mrc_7f3a2c' } }) => ({
    event: type,
    data,
    timestamp: eventAt.toISOString(),
    merchant_id: merchantId,
  }),
  headers(body, payload, { options }) {
    const { event, timestamp } = payload as { event?: unknown; timestamp?: unknown }
    return {
      ...signed(body, options),
      'X-CasPay-Event': String(event),
      'X-CasPay-Timestamp': String(timestamp),
      'User-Agent': 'CasPay-Webhook/1.0',
    }
  },
} satisfies SentForm<CaspayOptions>

/** The dashboard's button: its signature is this text, which no secret can verify. */
const testButton = {
  ...enveloped,
  samples: { 'test.webhook': () => ({}) },
  unverifiable: 'the text `test_signature`',
  matches: () => false,
  headers: () => ({ ...jsonType, 'X-CasPay-Signature': 'test_signature' }),
} satisfies SentForm<CaspayOptions>

const forms = {
  dispatched,
  documented: { ...enveloped, samples: documentedSamples },
  typed: { ...enveloped, samples: typedSamples },
  testButton,
} as const

export const caspaySender: Sender<CaspayOptions, typeof forms> = {
  name: 'caspay',
  title: 'CasPay',
  settings: [
    { name: 'secret', variable: 'CASPAY_WEBHOOK_SECRET', secret: true, needed: 'one' },
    { name: 'merchantId', variable: 'CASPAY_MERCHANT_ID', secret: false },
  ],
  forms,
  usualEvent: 'payment.received',
  givesUpAfterSeconds: 10,
  createProvider: (values) => caspay(values as unknown as Parameters<typeof caspay>[0]),
}
