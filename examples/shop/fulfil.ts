import { expectPayment, type HandlerContext, ifNewer, type Payment, WebhookError, type WebhookEvent } from 'payproof'
import type pg from 'pg'
import { lockOrder, type Order } from './orders'

/** What a payment does to its order: in the transaction that also records the event as handled, so exactly once. */
export async function fulfil(event: WebhookEvent, { tx }: HandlerContext<pg.PoolClient>): Promise<void> {
  if (event.payment === undefined) return
  const order = await lockOrder(tx, event, event.payment)
  // The webhook may be faster than the checkout that it is about: it is tried again.
  if (order === undefined) throw new WebhookError('order_unknown', 'No order was noted for this payment.')
  // A late PENDING says less than the PAID that came before it.
  const payment = ifNewer(event, order.outcome)
  if (payment === undefined) return
  assertOfOrder(event, payment, order)
  if (payment.outcome === 'succeeded')
    await tx.query('INSERT INTO fulfilments (order_id, event_id) VALUES ($1, $2)', [order.orderId, event.id])
  await tx.query('UPDATE orders SET outcome = $2 WHERE id = $1', [order.orderId, payment.outcome])
}

/** Throws what a person has to look at: it is then on the operator's page, and the order stays as it is. */
function assertOfOrder(event: WebhookEvent, payment: Payment, order: Order): void {
  switch (payment.outcome) {
    case 'succeeded':
    // Paid too little, too much or too late.
    case 'review':
      expectPayment(event, order)
      return
    // In part: it leaves the order paid, and must not keep one from being fulfilled.
    case 'refunded':
      expectPayment({ ...event, payment: { ...payment, outcome: 'succeeded' } }, order)
      return
    case 'pending':
    case 'failed':
    case 'expired':
    case 'canceled':
      if (payment.orderId === undefined || payment.orderId === order.orderId) return
      throw new WebhookError('payment_unexpected', 'It is the payment of another order.')
  }
}
