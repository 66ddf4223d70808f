import { createHmac } from 'node:crypto'
import { caspay, createReceiver, kasperopay, memoryStore, merchantToken, mugglepay, payqi, payvost } from '../../src'
import type { Provider } from '../../src/providers/provider'
import { answering, hexHmac, type Pairs } from '../support/deliveries'
import { now, secret } from '../support/shop'
import { arrived, type Json, type Members, number, object, sprinkled, tape, write } from './json-texts'

export { now, secret }
export const seconds = now / 1000
export const iso = new Date(now).toISOString()
export const token = 'a-token-of-ours-0123456789'
export const merchantId = 'kpm_abc123'
export const orderTokenSecret = 'order-token-secret-0123456789'

/** What differs from case to case. */
export interface Fields {
  readonly id: string
  readonly amount: Json
}

/** A provider that sends one form of its bodies in one form of its headers. */
export interface Sender {
  readonly name: string
  readonly provider: Provider
  readonly type: string
  readonly form: string
  /** How many digits the amount's point is moved; left out where no amount is told. */
  readonly places?: number
  /** Where no signature covers the body. */
  readonly unsigned?: true
  readonly body: (fields: Fields) => Members
  readonly headers: (body: Uint8Array, at?: number) => Pairs
  readonly idOf?: (id: string) => string
}

const sign =
  (header: string) =>
  (body: Uint8Array): Pairs => [[header, hexHmac(secret, body)]]
const signTimed =
  (header: string) =>
  (body: Uint8Array, at: number = seconds): Pairs => [
    [header, `t=${at},v1=${createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')}`],
  ]
const payment = ({ id, amount }: Fields, currency: string) =>
  object(
    ['id', id],
    ['amount', amount],
    ['currency', currency],
    ['status', 'x'],
    ['metadata', object(['orderId', 'o'])],
  )
const event = ({ id }: Fields, type: string, ...data: [string, Json][]) =>
  object(['id', id], ['type', type], ['created', number(seconds)], ['data', object(...data)])
const inner = (members: Members) => members.members as [string, Json][]

const ofCaspay = { provider: caspay({ secret }), headers: sign('X-CasPay-Signature') }
const ofPayvost = { provider: payvost({ secret }) }
const ofPayqi = {
  provider: payqi({ secret }),
  headers: (body: Uint8Array, at: number = seconds): Pairs => [
    ['X-PayQI-Signature', hexHmac(secret, body)],
    ['X-PayQI-Timestamp', String(at)],
  ],
}

const second = (fields: Fields) =>
  object(
    ['id', fields.id],
    ['type', 'payment.succeeded'],
    ['createdAt', iso],
    ['data', payment(fields, 'usd')],
    ['previousData', null],
  )
const main = (fields: Fields) => event(fields, 'payment.succeeded', ['object', payment(fields, 'usd')])
const plugin = ({ id, amount }: Fields) =>
  object(['event', 'payment.completed'], ['data', object(['invoice_id', id], ['amount', amount])])

/** Those whose signature covers every byte of the body. */
export const signers: readonly Sender[] = [
  {
    ...ofCaspay,
    name: 'caspay, documented',
    type: 'payment.completed',
    form: 'documented',
    places: -9,
    body: (fields) => event(fields, 'payment.completed', ['payment', payment(fields, 'CSPR')]),
  },
  {
    ...ofCaspay,
    name: 'caspay, typed',
    type: 'payment.confirmed',
    form: 'typed',
    body: (fields) => event(fields, 'payment.confirmed', ['object', payment(fields, 'CSPR')]),
  },
  {
    ...ofCaspay,
    name: 'caspay, dispatched',
    type: 'payment.received',
    form: 'dispatched',
    places: 0,
    idOf: (id) => `payment.received:${id}`,
    body: ({ id, amount }) =>
      object(
        ['event', 'payment.received'],
        ['timestamp', iso],
        ['data', object(['payment_id', id], ['transaction_hash', 'h'], ['amount', amount], ['currency', 'CSPR'])],
      ),
  },
  {
    ...ofPayqi,
    name: 'payqi',
    type: 'payment.completed',
    form: 'documented',
    places: 0,
    body: (fields) => event(fields, 'payment.completed', ...inner(payment(fields, 'XRP'))),
  },
  ...(['Payvost-Signature', 'X-Payvost-Signature'] as const).flatMap((header): Sender[] =>
    [sign(header), signTimed(header)].flatMap((headers): Sender[] => {
      const common = { ...ofPayvost, headers, type: 'payment.succeeded' }
      const way = `${header}${headers(new Uint8Array())[0]?.[1].startsWith('t=') ? ', t=' : ''}`
      return [
        { ...common, name: `payvost, main, ${way}`, form: 'main', places: -2, body: main },
        { ...common, name: `payvost, second, ${way}`, form: 'second', places: 0, body: second },
        { ...common, name: `payvost, plugin, ${way}`, type: 'payment.completed', form: 'plugin', body: plugin },
      ]
    }),
  ),
]

const order = (proof: string, { id, amount }: Fields, tokenOf: string) =>
  object(
    ['order_id', id],
    ['merchant_order_id', 'o'],
    ['status', 'PAID'],
    ['price_amount', amount],
    ['price_currency', 'usd'],
    [proof, tokenOf],
  )
const ofMugglepay = {
  type: 'PAID',
  form: 'documented',
  places: 0,
  unsigned: true,
  headers: () => [] as Pairs,
  idOf: (id: string) => `${id}:PAID`,
} as const

export const tokenSenders: readonly Sender[] = [
  {
    ...ofMugglepay,
    name: 'mugglepay, token',
    provider: mugglepay({ token }),
    body: (fields) => order('token', fields, token),
  },
  {
    ...ofMugglepay,
    name: 'mugglepay, merchant_token',
    provider: mugglepay({ token }),
    body: (fields) => order('merchant_token', fields, token),
  },
  {
    ...ofMugglepay,
    name: 'mugglepay, order token',
    provider: mugglepay({ orderTokenSecret }),
    body: (fields) => order('token', fields, merchantToken(orderTokenSecret, 'o')),
  },
]

/** KasperoPay's delivery, and a provider whose API confirms it. */
export const confirmed = (answer: string): Sender => ({
  name: 'kasperopay',
  provider: kasperopay({
    merchantId,
    fetch: answering({ 'https://kaspa-store.com/api/pay/status/pay_1': answer }),
  }),
  type: 'payment.completed',
  form: 'documented',
  places: 0,
  unsigned: true,
  body: () => object(['event', 'payment.completed'], ['merchant_id', merchantId], ['payment_id', 'pay_1']),
  headers: () => [],
})

export const answer = ({ amount }: Fields): Members =>
  object(['payment_id', 'pay_1'], ['status', 'completed'], ['amount_kas', amount], ['confirmed_at', iso])

/** Spelled in one of many ways, with more fields than the provider documents. */
export function spell(body: Members, more: readonly Members[], order: readonly number[], style: readonly number[]) {
  const value = sprinkled(body, more, tape(order))
  return { value, bytes: Buffer.from(write(value, tape(style))) }
}

export const memberOf = (value: Members, name: string): Json | undefined =>
  value.members.find(([key]) => key === name)?.[1]

/** A receiver that says nothing and remembers nothing of the case before. */
export const freshReceiver = (provider: Provider, options: object = {}) =>
  createReceiver({ provider, store: memoryStore(), now: () => now, observe: () => {}, ...options })

/** Whether the event's data is what was sent, field by field. */
export function dataArrived(sender: Sender, data: unknown, sent: Members): boolean {
  const expected = sender.form === 'documented' && sender.type === 'PAID' ? withoutToken(sent) : memberOf(sent, 'data')
  return expected !== undefined && arrived(data, expected)
}

const withoutToken = ({ members }: Members): Members => ({
  members: members.filter(([name]) => name !== 'token' && name !== 'merchant_token'),
})
