import { compareDecimals, equalDecimals, parseDecimal } from './core/money'
import { misconfigured, WebhookError } from './errors'
import type { Payment, WebhookEvent } from './event'

/** What your order says a payment must be. At least one of its ids, and the event must say the same. */
export type ExpectedPayment = ExpectedAmount & (ByOrder | ByPayment)

interface ExpectedAmount {
  /** In whole units of the currency, as decimal text: `150.50` and `150.5` are the same. */
  amount: string
  /** As the provider writes it, such as `KAS`, `XRP`, `USD`; upper and lower case are the same. */
  currency: string
  /** The provider that the order was to be paid with, such as `caspay`, where several could pay it. */
  provider?: string
  /** Takes a payment of more than the amount too. Default `false`. */
  orMore?: boolean
}

interface ByOrder {
  /** The merchant's id of the order, as it was given at checkout. */
  orderId: string
  /** The provider's id of the payment, noted at checkout: what ties a payment to the order that does not say which it is for. */
  paymentId?: string | null | undefined
}

interface ByPayment {
  orderId?: string | null | undefined
  paymentId: string
}

/**
 * The event's payment, if it is the one that your order waits for: this order, paid, to the last digit. That a payment is
 * genuine does not mean that it is the right one. Else throws `payment_unexpected`, which names what differs and no values:
 * a handler that lets it pass gives the event up at once, for no retry would mend it. Without an order to compare with it throws
 * `order_unknown`, and the event is tried again.
 */
export function expectPayment(event: WebhookEvent, expected: ExpectedPayment | null | undefined): Payment {
  // Perhaps it is not written yet: trying again may help.
  if (expected === undefined || expected === null) throw new WebhookError('order_unknown', 'There is no such order.')
  assertExpectation(expected)
  const { payment } = event
  if (payment === undefined) throw unexpected('The event says nothing of a payment.')
  const { currency, provider = event.provider } = expected
  if (event.provider !== provider) throw unexpected('It was paid with another provider.')
  if (payment.outcome !== 'succeeded') throw unexpected(`The payment is \`${payment.outcome}\`, not \`succeeded\`.`)
  assertBound(payment, expected)
  if (payment.amount === undefined) throw unexpected('The event does not say the amount, or not its currency.')
  if (payment.amount.currency !== currency.toUpperCase()) throw unexpected('It was paid in another currency.')
  if (!isEnough(payment.amount.value, expected)) throw unexpected('The amount is not that of the order.')
  return payment
}

/** Every id that both know must be the same, and there must be one. */
function assertBound(payment: Payment, { orderId, paymentId }: ExpectedPayment): void {
  if (isGiven(paymentId) && payment.paymentId !== paymentId) throw unexpected('It is another payment.')
  if (isGiven(orderId) && payment.orderId !== undefined && payment.orderId !== orderId)
    throw unexpected('It is the payment of another order.')
  if (isGiven(paymentId) || (isGiven(orderId) && payment.orderId !== undefined)) return
  throw unexpected('The event does not say which order was paid: expect its `paymentId`, noted at checkout.')
}

function isGiven(id: string | null | undefined): id is string {
  return id !== undefined && id !== null
}

function isEnough(paid: string, { amount, orMore = false }: ExpectedPayment): boolean {
  if (equalDecimals(paid, amount)) return true
  const expected = parseDecimal(amount)
  return orMore && expected !== undefined && !paid.startsWith('-') && compareDecimals(paid, expected) > 0
}

function unexpected(problem: string): WebhookError {
  return new WebhookError('payment_unexpected', `${problem} Do not fulfil: have a person look at it.`)
}

/** An order that was not found must not expect what a forger may choose. */
function assertExpectation({ orderId, paymentId, amount, currency }: ExpectedPayment): void {
  const parsed = typeof amount === 'string' ? parseDecimal(amount) : undefined
  if (parsed === undefined || parsed.startsWith('-'))
    throw misconfigured(
      'expectPayment: amount',
      'must be decimal text such as `150.50`: a number has been rounded already.',
    )
  if (!isGiven(orderId) && !isGiven(paymentId))
    throw misconfigured('expectPayment: orderId', 'or `paymentId` must be given. Was the order found?')
  for (const [name, value] of Object.entries({ orderId: orderId ?? 'x', paymentId: paymentId ?? 'x', currency }))
    if (typeof value !== 'string' || value === '')
      throw misconfigured(`expectPayment: ${name}`, 'must be a text that is not empty. Was the order found?')
}
