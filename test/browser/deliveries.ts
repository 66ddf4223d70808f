import { createHmac } from 'node:crypto'
import type { Pairs } from '../support/deliveries'

export const secret = 'whsec_browser_0123456789abcdef'

export interface Sent {
  readonly headers: Pairs
  readonly body: string | Uint8Array
}

const sign = (key: string, body: string | Uint8Array) => createHmac('sha256', key).update(body).digest('hex')

/** A delivery signed by Node's own crypto, as the sender of the dispatched form does. */
export function genuine(paymentId: string, at: Date, change: Record<string, unknown> = {}, key = secret): Sent {
  const timestamp = at.toISOString()
  const data = {
    payment_id: paymentId,
    product_id: 'prod_espresso',
    transaction_hash: '9f2c61d1b0f04a7e8c3c5d2a6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091',
    payer: '0203d5c7a1b2c3d4e5f60718293a4b5c6d7e8f90',
    amount: 150.5,
    currency: 'CSPR',
    ...change,
  }
  const body = JSON.stringify({ event: 'payment.received', data, timestamp, merchant_id: 'merch_7f3a' })
  return { headers: headersOf(sign(key, body), timestamp), body }
}

export function signed(body: string | Uint8Array, key = secret): Sent {
  return { headers: headersOf(sign(key, body)), body }
}

function headersOf(signature: string, timestamp?: string): Pairs {
  return [
    ['Content-Type', 'application/json'],
    ['User-Agent', 'CasPay-Webhook/1.0'],
    ['X-CasPay-Signature', signature],
    ...(timestamp === undefined ? [] : ([['X-CasPay-Timestamp', timestamp]] as Pairs)),
  ]
}
