import { type PayvostEvent, payvost } from '../../providers/payvost'
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

export interface PayvostOptions {
  readonly secret: SigningSecret
  /** `plain`: the hex alone. `timestamped`: `t=…,v1=…`, with a `v1=` for each secret. Default `plain`. */
  readonly signature?: 'plain' | 'timestamped'
  /** Default `Payvost-Signature`, and `X-Payvost-Signature` in the plugin form. */
  readonly header?: 'Payvost-Signature' | 'X-Payvost-Signature'
  /** The unit of `created` in the main form, where the guides disagree. Default `seconds`. */
  readonly created?: 'seconds' | 'milliseconds'
  /** The second form's `liveMode`. Default false. */
  readonly liveMode?: boolean
}

const payment = (status: string) => (serial: string) => ({
  object: {
    id: `pay_${serial}`,
    amount: 5000,
    currency: 'usd',
    status,
    customer: 'cust_abc123',
    metadata: { orderId: 'order_12345' },
  },
})
const period = { currentPeriodStart: 1_234_567_890, currentPeriodEnd: 1_237_159_890 }
const subscription = (status: string) => (serial: string) => ({
  object: { id: `sub_${serial}`, customer: 'cust_abc123', status, ...period },
})
const refund = (status: string) => (serial: string) => ({
  object: { id: `ref_${serial}`, payment: `pay_${serial}`, amount: 5000, status },
})

const mainSamples: Samples<PayvostEvent, 'main'> = {
  'payment.created': payment('created'),
  'payment.processing': payment('processing'),
  'payment.succeeded': payment('succeeded'),
  'payment.failed': payment('failed'),
  'payment.canceled': payment('canceled'),
  'subscription.created': subscription('active'),
  'subscription.updated': subscription('active'),
  'subscription.deleted': subscription('canceled'),
  'subscription.trial_will_end': subscription('trialing'),
  'refund.created': refund('succeeded'),
  'refund.updated': refund('succeeded'),
  'refund.failed': refund('failed'),
}

const at = '2026-01-15T10:30:00Z'
const whole =
  (status: string, more: object = {}) =>
  (serial: string) => ({
    id: `pay_${serial}`,
    amount: '99.99',
    currency: 'USD',
    status,
    customer: { email: 'customer@example.com', name: 'John Doe' },
    metadata: { orderId: 'order_12345' },
    ...more,
  })

const secondSamples: Samples<PayvostEvent, 'second'> = {
  'payment.created': whole('created'),
  'payment.processing': whole('processing'),
  'payment.succeeded': whole('succeeded', { paidAt: at }),
  'payment.failed': whole('failed', { failureCode: 'insufficient_funds', failureMessage: 'Insufficient funds' }),
  'payment.canceled': whole('canceled'),
  'payment.refunded': (serial) => ({
    id: `pay_${serial}`,
    refundId: `ref_${serial}`,
    refundAmount: '99.99',
    currency: 'USD',
    reason: 'customer_request',
    metadata: { orderId: 'order_12345' },
  }),
  'transfer.created': (serial) => ({
    id: `trf_${serial}`,
    fromWalletId: 'wal_abc123',
    toWalletId: 'wal_def456',
    amount: '50.00',
    currency: 'USD',
    status: 'pending',
  }),
  'transfer.completed': (serial) => ({ id: `trf_${serial}`, status: 'completed', completedAt: at }),
  'transfer.failed': (serial) => ({ id: `trf_${serial}`, status: 'failed', failureReason: 'insufficient_balance' }),
  'wallet.created': (serial) => ({ id: `wal_${serial}`, userId: 'usr_abc123', currency: 'USD', balance: '0.00' }),
  'wallet.balance_updated': (serial) => ({
    id: `wal_${serial}`,
    balance: '150.00',
    previousBalance: '100.00',
    change: '50.00',
  }),
  'wallet.frozen': (serial) => ({ id: `wal_${serial}`, reason: 'suspicious_activity', frozenAt: at }),
  'user.created': (serial) => ({ id: `usr_${serial}`, email: 'user@example.com', name: 'Jane Doe', country: 'US' }),
  'user.kyc_submitted': (serial) => ({ userId: `usr_${serial}`, submittedAt: at }),
  'user.kyc_verified': (serial) => ({ userId: `usr_${serial}`, tier: 'tier_2', verifiedAt: at }),
  'user.kyc_rejected': (serial) => ({
    userId: `usr_${serial}`,
    reason: 'document_expired',
    requiredActions: ['resubmit_identity'],
  }),
  'fraud.alert_created': (serial) => ({
    alertId: `alt_${serial}`,
    userId: 'usr_abc123',
    type: 'velocity',
    severity: 'high',
    description: 'Many payments in a short time',
  }),
  'fraud.transaction_blocked': (serial) => ({
    transactionId: `txn_${serial}`,
    reason: 'high_risk',
    userId: 'usr_abc123',
  }),
}

/** An invoice is a number to the plugin's shop: this one is made from the serial, so that two are two events. */
const invoice = (serial: string) => ({
  invoice_id: Number.parseInt(serial.replace(/\W/g, '').slice(-6), 36),
  amount: '12.50',
})
const pluginSamples: Samples<PayvostEvent, 'plugin'> = { 'payment.completed': invoice, 'payment.failed': invoice }

type Sending = Pick<Occasion<PayvostOptions>, 'attemptAt' | 'options'>

const signedIn =
  (usualHeader: string) =>
  (body: string, _: object, { attemptAt, options }: Sending) => {
    const secrets = secretsOf('payvost({ secret })', options.secret)
    const t = unixSeconds(attemptAt)
    const each = secrets.map((secret) => `v1=${hexHmac(secret, `${t}.${body}`)}`)
    const value = options.signature === 'timestamped' ? [`t=${t}`, ...each].join(',') : hexHmac(secrets[0], body)
    return { ...jsonType, [options.header ?? usualHeader]: value }
  }

const main = {
  samples: mainSamples,
  headers: signedIn('Payvost-Signature'),
  payload: ({ id, type, data, eventAt, options }) => ({
    id,
    type,
    data,
    created: options.created === 'milliseconds' ? eventAt.getTime() : unixSeconds(eventAt),
  }),
} satisfies SentForm<PayvostOptions>

const second = {
  samples: secondSamples,
  headers: signedIn('Payvost-Signature'),
  matches: (payload) => 'createdAt' in payload,
  payload: ({ id, type, data, eventAt, options: { liveMode = false } }) => ({
    id,
    type,
    createdAt: eventAt.toISOString(),
    liveMode,
    data,
    previousData: null,
  }),
} satisfies SentForm<PayvostOptions>

const plugin = {
  samples: pluginSamples,
  headers: signedIn('X-Payvost-Signature'),
  matches: (payload) => 'event' in payload,
  payload: ({ type, data }) => ({ event: type, data }),
} satisfies SentForm<PayvostOptions>

const forms = { main, second, plugin } as const

export const payvostSender: Sender<PayvostOptions, typeof forms> = {
  name: 'payvost',
  title: 'Payvost',
  settings: [{ name: 'secret', variable: 'PAYVOST_WEBHOOK_SECRET', secret: true, needed: 'one' }],
  forms,
  usualEvent: 'payment.succeeded',
  createProvider: ({ secret }) => payvost({ secret }),
}
