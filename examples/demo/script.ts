import { randomUUID } from 'node:crypto'
import { merchantToken } from 'payproof'
import { kasperopayApi, mugglepayApi } from './apis'
import {
  capturedCaspay,
  type Delivery,
  hmac,
  sendCaspay,
  sendPayqi,
  sendPayvost,
  sendPayvostTimestamped,
  sendPlain,
  unixSeconds,
} from './senders'

/** One line of the demo: a delivery, and what must become of it. */
export interface Step {
  readonly provider: string
  readonly what: string
  readonly delivery: Delivery
  readonly status: number
  /** The outcome, or the code of a refusal. */
  readonly verdict: string
  readonly handlerRuns: boolean
}

const now = new Date()
const longAgo = new Date(now.getTime() - 10 * 86_400_000)
const captured = capturedCaspay(now)

export const secrets = {
  caspay: captured.secret,
  payqi: `payqi_${randomUUID()}`,
  payvost: `whsec_${randomUUID()}`,
  mugglepay: randomUUID(),
}
export const kasperopayMerchantId = 'kpm_abc123'
const forger = 'whatever-the-forger-has-for-a-secret'

const genuine = (provider: string, what: string, delivery: Delivery): Step => ({
  provider,
  what: `genuine: ${what}`,
  delivery,
  status: 200,
  verdict: 'processed',
  handlerRuns: true,
})
const again = (provider: string, what: string, delivery: Delivery): Step => ({
  provider,
  what,
  delivery,
  status: 200,
  verdict: 'duplicate',
  handlerRuns: false,
})
const refused = (provider: string, what: string, delivery: Delivery, verdict: string): Step => ({
  provider,
  what,
  delivery,
  status: 401,
  verdict,
  handlerRuns: false,
})
const withHeaders = (delivery: Delivery, headers: Record<string, string>): Delivery => ({
  ...delivery,
  headers: { ...delivery.headers, ...headers },
})
const withBody = (delivery: Delivery, from: string, to: string): Delivery => {
  if (!delivery.body.includes(from)) throw new Error(`nothing to change: ${from}`)
  return { ...delivery, body: delivery.body.replace(from, to) }
}

function caspaySteps(): Step[] {
  const documented = (at: Date) =>
    `{ "id": "evt_${unixSeconds(at)}", "type": "payment.completed", "created": ${unixSeconds(at)}, "data": { "payment": { "id": "pay_123", "amount": 9007199254740993, "currency": "CSPR", "status": "completed", "metadata": { "orderId": "order_456" } } } }`
  const typed = `{"id":"evt_typed","type":"payment.confirmed","created":${unixSeconds(now)},"data":{"object":{"id":"pay_7"}}}`
  const paid = sendCaspay(secrets.caspay, documented(now))
  const [first] = captured.deliveries
  if (first === undefined) throw new Error('no captured deliveries')
  return [
    ...captured.deliveries.map(({ type, delivery }) => genuine('caspay', `captured ${type}`, delivery)),
    genuine('caspay', 'documented form', paid),
    genuine('caspay', 'typed form', sendCaspay(secrets.caspay, typed)),
    again('caspay', 'duplicate', first.delivery),
    refused(
      'caspay',
      'replayed, time header refreshed',
      withHeaders(first.delivery, { 'x-caspay-timestamp': new Date(now.getTime() + 1000).toISOString() }),
      'header_mismatch',
    ),
    refused('caspay', 'forged', sendCaspay(forger, documented(now)), 'signature_mismatch'),
    refused('caspay', 'tampered', withBody(paid, 'order_456', 'order_457'), 'signature_mismatch'),
    refused('caspay', 'stale', sendCaspay(secrets.caspay, documented(longAgo)), 'timestamp_too_old'),
    refused(
      'caspay',
      "the dashboard's test button",
      withHeaders(paid, { 'x-caspay-signature': 'test_signature' }),
      'signature_malformed',
    ),
  ]
}

function payqiSteps(): Step[] {
  const body = (at: Date) =>
    `{"id":"evt_${unixSeconds(at)}","type":"payment.completed","created":${unixSeconds(at)},"data":{"id":"pay_abc123","amount":10.00,"currency":"XRP","status":"completed","pay_address":"rTest123","destination_tag":"123456","tx_hash":"ABC123","metadata":{"order_id":"12345"}}}`
  const paid = sendPayqi(secrets.payqi, body(now), now)
  return [
    genuine('payqi', 'payment.completed', paid),
    again('payqi', 'duplicate', paid),
    again(
      'payqi',
      'replayed, time header refreshed',
      withHeaders(paid, { 'x-payqi-timestamp': String(unixSeconds(now) + 10) }),
    ),
    refused('payqi', 'forged', sendPayqi(forger, body(now), now), 'signature_mismatch'),
    refused('payqi', 'tampered', withBody(paid, '10.00', '99.00'), 'signature_mismatch'),
    refused('payqi', 'stale by its header', sendPayqi(secrets.payqi, body(now), longAgo), 'timestamp_too_old'),
    refused(
      'payqi',
      'stale by its body, header refreshed',
      sendPayqi(secrets.payqi, body(longAgo), now),
      'timestamp_too_old',
    ),
  ]
}

function payvostSteps(): Step[] {
  const main = (id: string, at: Date) =>
    `{"id":"${id}","type":"payment.succeeded","data":{"object":{"id":"pay_1","amount":5000,"currency":"usd","status":"succeeded","customer":"cust_abc123"}},"created":${unixSeconds(at)}}`
  const second = `{"id":"evt_second","type":"payment.succeeded","createdAt":"${now.toISOString()}","liveMode":true,"data":{"id":"pay_2","amount":"99.99","currency":"USD","status":"succeeded","metadata":{"orderId":"order_12345"}},"previousData":null}`
  const plugin = '{"event":"payment.completed","data":{"invoice_id":31,"amount":"12.50"}}'
  const paid = sendPayvost(secrets.payvost, main('evt_main', now))
  const timed = sendPayvostTimestamped(secrets.payvost, main('evt_timed', now), now)
  const refreshed = (timed.headers['payvost-signature'] ?? '').replace(/t=\d+/, `t=${unixSeconds(now) + 10}`)
  return [
    genuine('payvost', 'main form', paid),
    genuine('payvost', 'main form, t= and v1=', timed),
    genuine('payvost', 'second form', sendPayvost(secrets.payvost, second)),
    genuine('payvost', 'plugin form', {
      headers: { 'x-payvost-signature': hmac(secrets.payvost, plugin) },
      body: plugin,
    }),
    again('payvost', 'duplicate', paid),
    refused(
      'payvost',
      'replayed, t= refreshed',
      withHeaders(timed, { 'payvost-signature': refreshed }),
      'signature_mismatch',
    ),
    refused('payvost', 'forged', sendPayvost(forger, main('evt_f', now)), 'signature_mismatch'),
    refused('payvost', 'tampered', withBody(paid, '5000', '5'), 'signature_mismatch'),
    refused(
      'payvost',
      'stale',
      sendPayvostTimestamped(secrets.payvost, main('evt_s', now), longAgo),
      'timestamp_too_old',
    ),
  ]
}

const order = (id: string) => ({
  order_id: id,
  merchant_order_id: `order-${id}`,
  status: 'PAID',
  price_amount: '29.99',
  price_currency: 'USD',
})

function mugglepaySteps(): Step[] {
  const callback = (id: string, secret = secrets.mugglepay) => ({
    ...order(id),
    created_at_t: now.getTime(),
    token: merchantToken(secret, `order-${id}`),
  })
  const paid = sendPlain(callback('m1'))
  const refunded = sendPlain(callback('m2'))
  mugglepayApi.confirm(paid)
  mugglepayApi.confirm(refunded, { status: 'REFUNDED' })
  return [
    genuine('mugglepay', 'PAID', paid),
    again('mugglepay', 'duplicate', paid),
    again('mugglepay', 'replayed, other body bytes', sendPlain({ ...callback('m1'), created_at_t: 0 })),
    refused('mugglepay', 'forged', sendPlain(callback('m1', forger)), 'token_mismatch'),
    refused('mugglepay', 'tampered: token of another order', withBody(paid, 'order-m1', 'order-m2'), 'token_mismatch'),
    refused('mugglepay', 'tampered: amount', withBody(paid, '29.99', '0.01'), 'payment_mismatch'),
    refused('mugglepay', 'stale: refunded since', refunded, 'payment_mismatch'),
  ]
}

export const kasperopayOrders = new Map([
  ['pay_k1', { orderId: 'ord_456', amount: '150.5' }],
  ['pay_cheap', { orderId: 'ord_dear', amount: '1000' }],
  ['pay_old', { orderId: 'ord_old', amount: '150.5' }],
])

function kasperopaySteps(): Step[] {
  const notice = (paymentId: string, orderId = 'ord_456') => ({
    event: 'payment.completed',
    timestamp: now.toISOString(),
    merchant_id: kasperopayMerchantId,
    payment_id: paymentId,
    order_id: orderId,
    amount_kas: '150.5',
    amount_usd: '15.05',
    transaction_id: 'abc123',
  })
  kasperopayApi.confirm(sendPlain(notice('pay_k1')))
  kasperopayApi.confirm(sendPlain(notice('pay_cheap')), { amount_kas: 1 })
  kasperopayApi.confirm(sendPlain(notice('pay_old')), { confirmed_at: longAgo.toISOString() })
  return [
    genuine('kasperopay', 'payment.completed', sendPlain(notice('pay_k1'))),
    again('kasperopay', 'duplicate', sendPlain(notice('pay_k1'))),
    again('kasperopay', 'replayed for another order', sendPlain(notice('pay_k1', 'ord_dear'))),
    refused('kasperopay', 'forged', sendPlain(notice('pay_never_made')), 'payment_not_confirmed'),
    refused(
      'kasperopay',
      'tampered: 1 KAS for a dear order',
      sendPlain(notice('pay_cheap', 'ord_dear')),
      'payment_mismatch',
    ),
    refused('kasperopay', 'stale', sendPlain(notice('pay_old', 'ord_old')), 'timestamp_too_old'),
  ]
}

export const steps: readonly Step[] = [
  ...caspaySteps(),
  ...payqiSteps(),
  ...payvostSteps(),
  ...mugglepaySteps(),
  ...kasperopaySteps(),
]
