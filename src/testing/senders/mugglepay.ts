import { type MugglepayEvent, type MugglepaySettings, merchantToken, mugglepay } from '../../providers/mugglepay'
import {
  jsonType,
  type Samples,
  type Sender,
  type SentApi,
  type SentForm,
  type SigningSecret,
  secretsOf,
} from './sender'

export interface MugglepayOptions {
  /** The token that was set in Create Order. */
  readonly token?: SigningSecret
  /** Instead: what each order's own token is made with. */
  readonly orderTokenSecret?: SigningSecret
  /** The field the token comes back in: its sample says `token` (default), its field table `merchant_token`. */
  readonly tokenField?: 'token' | 'merchant_token'
}

const order =
  (status: string, more: object = {}) =>
  (serial: string) => ({
    merchant_order_id: 'order_12345',
    order_id: serial,
    status,
    price_amount: '29.99',
    price_currency: 'USD',
    ...more,
  })
const paid = {
  pay_amount: '29.99',
  pay_currency: 'USD',
  meta: {
    payment: 'USDT_ARB',
    transaction_hash: '0x8f2e55d4b0a1c3e6f7a8b9c0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718293a4',
    network: 'Arbitrum',
  },
}

const samples: Samples<MugglepayEvent, 'documented'> = {
  NEW: order('NEW'),
  PENDING: order('PENDING', { pay_amount: '29.99', pay_currency: 'USD' }),
  PAID: order('PAID', paid),
  UNRESOLVED: order('UNRESOLVED', { ...paid, pay_amount: '20.00' }),
  RESOLVED: order('RESOLVED', paid),
  EXPIRED: order('EXPIRED'),
  CANCELED: order('CANCELED'),
  REFUND_PENDING: order('REFUND_PENDING', paid),
  REFUNDED: order('REFUNDED', paid),
}

type Order = Readonly<Record<'created_at' | 'created_at_t' | 'meta', unknown>>

/** A flat body, with the order's birth for a time, and the token before what was paid with. */
const documented = {
  samples,
  idField: 'order_id',
  newId: () => crypto.randomUUID(),
  payload({ data, eventAt }) {
    const { created_at = eventAt.toISOString(), created_at_t = eventAt.getTime(), meta, ...fields } = data as Order
    return { ...fields, created_at, created_at_t, ...(meta === undefined ? {} : { meta }) }
  },
  seal(payload, options) {
    if ('token' in payload || 'merchant_token' in payload) return payload
    const { meta, ...fields } = payload as { meta?: unknown }
    const token = { [options.tokenField ?? 'token']: tokenFor(payload, options) }
    return { ...fields, ...token, ...(meta === undefined ? {} : { meta }) }
  },
  headers: () => jsonType,
} satisfies SentForm<MugglepayOptions>

function tokenFor(payload: object, { token, orderTokenSecret }: MugglepayOptions): string {
  if (orderTokenSecret === undefined) return secretsOf('mugglepay({ token })', token)[0]
  const [secret] = secretsOf('mugglepay({ orderTokenSecret })', orderTokenSecret)
  return merchantToken(secret, String((payload as { merchant_order_id?: unknown }).merchant_order_id))
}

const api: SentApi = {
  urlSetting: 'apiUrl',
  path: '/v1',
  route: /^\/v1\/orders\/([\w-]+)$/,
  keySetting: 'apiKey',
  keyHeader: 'token',
  confirm(payload, changes) {
    const { token: _, merchant_token: __, meta: ___, pay_amount, pay_currency, ...order } = payload
    const invoice = { order_id: order['order_id'], pay_amount, pay_currency, status: order['status'] }
    return { id: String(order['order_id']), answer: { status: 200, order: { ...order, ...changes }, invoice } }
  },
}

const forms = { documented } as const

export const mugglepaySender: Sender<MugglepayOptions, typeof forms> = {
  name: 'mugglepay',
  title: 'MugglePay',
  settings: [
    { name: 'token', variable: 'MUGGLEPAY_TOKEN', secret: true, needed: 'one' },
    { name: 'orderTokenSecret', variable: 'MUGGLEPAY_ORDER_TOKEN_SECRET', secret: true, needed: 'one' },
    { name: 'apiKey', variable: 'MUGGLEPAY_API_KEY', secret: true },
    { name: 'apiUrl', variable: 'MUGGLEPAY_API_URL', secret: false },
  ],
  forms,
  usualEvent: 'PAID',
  api,
  createProvider: (values, fetch) => mugglepay({ ...values, ...(fetch && { fetch }) } as MugglepaySettings),
}
