import { type KasperopayClaims, type KasperopaySettings, kasperopay } from '../../providers/kasperopay'
import { jsonType, type Sender, type SentApi, type SentForm } from './sender'

export interface KasperopayOptions {
  readonly merchantId: string
}

/** What the sender says besides what stands in every delivery. */
type Claimed = Omit<KasperopayClaims, 'event' | 'timestamp' | 'merchant_id'>

const hash = '3f1c5b7d9e2a4c6f8b0d1e3f5a7c9b1d3e5f7a9c0b2d4f6a8c1e3b5d7f9a2c4e'

const documented = {
  samples: {
    'payment.completed': (serial: string): Claimed => ({
      payment_id: serial,
      order_id: 'ord_456',
      amount_kas: '150.5',
      amount_usd: '15.05',
      transaction_id: hash,
      customer_address: 'kaspa:qpauqsvk7yf9unexwmxsnmg547mhyga37csh0kj53q6xxgl24ydxjsgzthw5j',
      items: [{ name: 'T-Shirt', quantity: 1, price: '15.05' }],
      metadata: {},
    }),
  },
  idField: 'payment_id',
  newId: () => `pay_${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`,
  payload: ({ type, data, eventAt, options }) => ({
    event: type,
    timestamp: eventAt.toISOString(),
    merchant_id: options.merchantId,
    ...data,
  }),
  headers: () => jsonType,
} satisfies SentForm<KasperopayOptions>

/** The API gives numbers where the delivery has texts, and calls the transaction `txid`. */
const api: SentApi = {
  urlSetting: 'apiUrl',
  path: '',
  route: /^(?:\/api)?\/pay\/status\/([\w-]+)$/,
  confirm(payload, changes) {
    const { payment_id, amount_kas, amount_usd, transaction_id, timestamp } = payload
    const confirmedAt = new Date(String(timestamp))
    const facts = {
      payment_id,
      status: 'completed',
      amount_kas: Number(amount_kas),
      amount_usd: Number(amount_usd),
      txid: transaction_id,
      store_name: 'Your Store',
      confirmed_at: confirmedAt.toISOString(),
      expires_at: new Date(confirmedAt.getTime() + 900_000).toISOString(),
    }
    return { id: String(payment_id), answer: { ...facts, ...changes } }
  },
}

const forms = { documented } as const

export const kasperopaySender: Sender<KasperopayOptions, typeof forms> = {
  name: 'kasperopay',
  title: 'KasperoPay',
  settings: [
    { name: 'merchantId', variable: 'KASPEROPAY_MERCHANT_ID', secret: false, needed: 'always' },
    { name: 'apiUrl', variable: 'KASPEROPAY_API_URL', secret: false },
  ],
  forms,
  usualEvent: 'payment.completed',
  api,
  createProvider: (values, fetch) => kasperopay({ ...values, ...(fetch && { fetch }) } as KasperopaySettings),
}
