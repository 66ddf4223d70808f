import { randomUUID } from 'node:crypto'
import { merchantToken } from 'payproof'
import type { Config } from './config'
import type { Order } from './orders'

export interface Cart {
  readonly provider: string
  /** In whole units of the currency, as decimal text. */
  readonly amount: string
  readonly currency: string
}

/** What strangers may ask for. A real shop takes the amount from its own price list. */
export const cartSchema = {
  type: 'object',
  required: ['provider', 'amount', 'currency'],
  additionalProperties: false,
  properties: {
    provider: { enum: ['caspay', 'payqi', 'payvost', 'mugglepay', 'kasperopay'] },
    amount: { type: 'string', pattern: '^(?!0+(\\.0+)?$)\\d{1,9}(\\.\\d{1,8})?$' },
    currency: { type: 'string', pattern: '^[A-Z]{3,5}$' },
  },
} as const

/** Has the provider start a payment, and gives the order to note: with the payment's id, by which its webhook is known. */
export async function checkOut(config: Config, paymentsUrl: string, cart: Cart): Promise<Omit<Order, 'outcome'>> {
  const orderId = `o_${randomUUID()}`
  const paymentId = await startPayment(paymentsUrl, { orderId, ...cart, ...tokenFor(config, cart, orderId) })
  return { orderId, paymentId, ...cart }
}

/** Whether it is one that `checkOut` may have given: PostgreSQL fails at some texts that are none. */
export function isOrderId(text: string): boolean {
  return /^o_[0-9a-f-]{36}$/.test(text)
}

/** A token for this order alone: who sees it in one delivery cannot write those of other orders. */
function tokenFor({ mugglepayTokenSecret }: Config, { provider }: Cart, orderId: string): { token?: string } {
  return provider === 'mugglepay' ? { token: merchantToken(mugglepayTokenSecret, orderId) } : {}
}

/** Stands for the provider's own call that starts a payment: each has another, and its guide describes it. */
async function startPayment(paymentsUrl: string, payment: object): Promise<string> {
  const answer = await fetch(paymentsUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payment),
    signal: AbortSignal.timeout(5000),
  })
  if (!answer.ok) throw new Error(`The provider answered ${answer.status}.`)
  const { paymentId } = (await answer.json()) as { paymentId: string }
  return paymentId
}
