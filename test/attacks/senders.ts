import { caspay, kasperopay, mugglepay, type Provider, payqi, payvost, type WebhookEvent } from '../../src'
import type { Sent } from '../adapters/hosts'
import { answering, hexHmac, type Pairs } from '../support/deliveries'
import { genuine, now, secret } from '../support/shop'

export const wrongSecret = 'another-secret-0123456789'
const seconds = now / 1000
const iso = new Date(now).toISOString()

/** How one provider signs, done by Node's own crypto. */
export interface Signer {
  readonly name: string
  readonly provider: Provider<WebhookEvent>
  /** The header that carries the signature, and the value it has for a tag. */
  readonly header: string
  value(tag: string, time?: string): string
  readonly body: string
  tag(body: string | Uint8Array, key?: string, time?: string): string
  readonly more: Pairs
}

const plain = {
  value: (tag: string) => tag,
  tag: (body: string | Uint8Array, key = secret) => hexHmac(key, body),
  more: [] as Pairs,
}

const timed = {
  value: (tag: string, time = String(seconds)) => `t=${time},v1=${tag}`,
  tag: (body: string | Uint8Array, key = secret, time = String(seconds)) => hexHmac(key, `${time}.`, body),
  more: [] as Pairs,
}

const payvostBody = `{"id":"evt_1","type":"payment.succeeded","createdAt":"${iso}","liveMode":true,"data":{"id":"p","amount":"1.5","currency":"USD","status":"succeeded","metadata":{"orderId":"o_1"}}}`
const payqiBody = `{"id":"evt_1","type":"payment.completed","created":${seconds},"data":{"id":"p","amount":"1.5","currency":"XRP","status":"completed","metadata":{"orderId":"o_1"}}}`

export const caspaySigner: Signer = {
  ...plain,
  name: 'caspay',
  provider: caspay({ secret }),
  header: 'x-caspay-signature',
  body: genuine().body,
}
export const payqiSigner: Signer = {
  ...plain,
  name: 'payqi',
  provider: payqi({ secret }),
  header: 'x-payqi-signature',
  body: payqiBody,
  more: [['x-payqi-timestamp', String(seconds)]],
}
export const timedSigner: Signer = {
  ...timed,
  name: 'payvost, with t=',
  provider: payvost({ secret }),
  header: 'payvost-signature',
  body: payvostBody,
}
export const signers: readonly Signer[] = [
  caspaySigner,
  payqiSigner,
  { ...plain, name: 'payvost', provider: payvost({ secret }), header: 'payvost-signature', body: payvostBody },
  timedSigner,
]

/** A delivery with any value in the signature's place. */
export function sentWith(signer: Signer, value: string | undefined, body: string | Uint8Array = signer.body): Sent {
  const signature: Pairs = value === undefined ? [] : [[signer.header, value]]
  return {
    method: 'POST',
    headers: [...signature, ...signer.more, ['content-type', 'application/json']],
    body: typeof body === 'string' ? body : inOnePiece(body),
  }
}

/** A delivery signed as the provider would. */
export function signed(signer: Signer, body: string | Uint8Array = signer.body, key?: string): Sent {
  return sentWith(signer, signer.value(signer.tag(body, key)), body)
}

export async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

export const token = 'merchant-token-0123456789'
export const apiKey = 'mugglepay-api-key-0123456789'
const muggleOrder = {
  order_id: 'ord-1',
  merchant_order_id: 'o_1',
  status: 'PAID',
  price_amount: '29.99',
  price_currency: 'USD',
}

export const unsigned = (payload: object | string): Sent => ({
  method: 'POST',
  headers: [['content-type', 'application/json']],
  body: typeof payload === 'string' ? payload : JSON.stringify(payload),
})

export const muggleSent = (change: object = {}): Sent => unsigned({ ...muggleOrder, token, ...change })
export const muggle = () => mugglepay({ token })
/** As `muggle`, and the API is asked. It knows the one order. */
export const confirmedMuggle = (change: object = {}) =>
  mugglepay({
    token,
    apiKey,
    fetch: answering({
      'https://api.mugglepay.com/v1/orders/ord-1': JSON.stringify({ order: { ...muggleOrder, ...change } }),
    }),
  })

export const merchantId = 'kpm_abc123'
export const kasperClaims = {
  event: 'payment.completed',
  merchant_id: merchantId,
  payment_id: 'pay_1',
  order_id: 'o_1',
  amount_kas: '150.5',
}
export const kasperFacts = {
  payment_id: 'pay_1',
  status: 'completed',
  amount_kas: 150.5,
  store_name: 'A Shop',
  confirmed_at: iso,
}
const kasperApi = answering({ 'https://kaspa-store.com/api/pay/status/pay_1': JSON.stringify(kasperFacts) })
export const kasper = (settings: Partial<Parameters<typeof kasperopay>[0]> = {}) =>
  kasperopay({ merchantId, fetch: kasperApi, ...settings })
export const kasperSent = (change: object = {}): Sent => unsigned({ ...kasperClaims, ...change })
