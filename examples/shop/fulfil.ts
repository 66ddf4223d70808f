import { expectPayment, type HandlerContext, ifNewer, WebhookError, type WebhookEvent } from 'payproof'
import type pg from 'pg'
import { lockOrder } from './orders'

/** What a payment does to its order: in the transaction that also records the event as handled, so exactly once. */
export async function fulfil(event: WebhookEvent, { tx }: HandlerContext<pg.PoolClient>): Promise<void> {
  if (event.payment === undefined) return
  const order = await lockOrder(tx, event, event.payment)
  // The webhook may be faster than the checkout that it is about: it is tried again.
  if (order === undefined) throw new WebhookError('order_unknown', 'No order was noted for this payment.')
  // A late PENDING says less than the PAID that came before it.
  const payment = ifNewer(event, order.outcome)
  if (payment === undefined) return
  if (payment.outcome === 'succeeded') {
    expectPayment(event, order)
    await tx.query('INSERT INTO fulfilments (order_id, event_id) VALUES ($1, $2)', [order.orderId, event.id])
  }
  await tx.query('UPDATE orders SET outcome = $2 WHERE id = $1', [order.orderId, payment.outcome])
}
