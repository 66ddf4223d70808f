import { misconfigured } from './errors'
import type { Payment, PaymentOutcome, WebhookEvent } from './event'

/** Nothing orders deliveries, and some carry no time: but a payment only ever moves one way. */
const ranks: Readonly<Record<PaymentOutcome, number>> = {
  pending: 0,
  failed: 1,
  expired: 1,
  canceled: 1,
  // These also after a failure: who pays late has paid, if only in part.
  review: 2,
  succeeded: 3,
  refunded: 4,
}

/**
 * Where an outcome stands in the life of a payment, 0 to 4. A state may be replaced by one of a higher rank alone, in one
 * statement: `UPDATE orders SET outcome = …, rank = $1 WHERE id = … AND rank < $1`.
 */
export function rankOf(outcome: PaymentOutcome): number {
  if (Object.hasOwn(ranks, outcome)) return ranks[outcome]
  throw misconfigured('rankOf(outcome)', `must be one of ${Object.keys(ranks).join(', ')}.`)
}

/**
 * The event's payment if it says more than what is known already, else `undefined`: so a late `pending` never overwrites
 * `succeeded`. `known` is the outcome that you stored last; read it and write the new one in one transaction, the row locked.
 */
export function ifNewer(event: WebhookEvent, known: PaymentOutcome | null | undefined): Payment | undefined {
  const { payment } = event
  if (payment === undefined || known === null || known === undefined) return payment
  return rankOf(payment.outcome) > rankOf(known) ? payment : undefined
}
