import { createHmac } from 'node:crypto'
import { caspay, type Provider, payqi, type WebhookEvent } from '../src'

export type ProviderName = 'payqi' | 'caspay'

const secret = 'whsec_chaos_0123456789abcdef'

/** PayQI goes on until it reads 200; CasPay delivers once. */
export const providers: Readonly<Record<ProviderName, () => Provider<WebhookEvent>>> = {
  payqi: () => payqi({ secret }) as unknown as Provider<WebhookEvent>,
  caspay: () => caspay({ secret }) as unknown as Provider<WebhookEvent>,
}

export interface Delivery {
  readonly id: string
  readonly body: string
  /** Of one attempt. */
  readonly headers: Readonly<Record<string, string>>
}

/** The key that a receiver makes of an event, to look it up in a store's own tables. */
export const storeKey = (provider: ProviderName, id: string) => `${provider}::${id}`

/** The payment of an event bears the event's id, so that whoever gets the one knows the other. */
export function payqiDelivery(id: string, type = 'payment.completed', orderId = id): Delivery {
  const created = Math.floor(Date.now() / 1000)
  const data = { id, amount: '12.50', currency: 'KAS', status: 'any', metadata: { orderId } }
  return signed('x-payqi-signature', id, { id, type, created, data })
}

export function caspayDelivery(id: string): Delivery {
  const created = Math.floor(Date.now() / 1000)
  const payment = { id, amount: 1_000_000_000, currency: 'CSPR', status: 'completed', metadata: { orderId: id } }
  return signed('x-caspay-signature', id, { id, type: 'payment.completed', created, data: { payment } })
}

/** By Node's own crypto, not by ours. */
function signed(header: string, id: string, payload: object): Delivery {
  const body = JSON.stringify(payload)
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  return { id, body, headers: { [header]: signature, 'content-type': 'application/json' } }
}

/** PayQI dates every attempt, unsigned. */
export function dated({ headers }: Delivery): Record<string, string> {
  return { ...headers, 'x-payqi-timestamp': String(Math.floor(Date.now() / 1000)) }
}
