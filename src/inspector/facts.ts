import type { Kept } from './log'
import type { Pairs } from './shown'

/** What a person looks for first, in a proven event. */
export function factsOf({ event, attempt }: Kept): Pairs {
  const facts: [string, string | undefined][] = [
    ['Event', event?.id],
    ['Idempotency key', event && event.idempotencyKey !== event.id ? event.idempotencyKey : undefined],
    ['Form', event?.form],
    ['Happened', event?.occurredAt?.toISOString()],
    ['Payment', event?.payment && `${event.payment.outcome}, ${event.payment.paymentId}`],
    ['Order', event?.payment?.orderId],
    ['Amount', event?.payment?.amount && `${event.payment.amount.value} ${event.payment.amount.currency}`],
    ['Transaction', event?.payment?.transactionHash],
    ['Payer', event?.payment?.payer],
    ['Proven by', event && provenBy(event.proof)],
    ['Secret', event?.proof.secretId],
    ['Mode', event?.proof.mode],
    ['Attempt', attempt === undefined ? undefined : String(attempt)],
  ]
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined)
}

function provenBy({ by, coversBody, timestamp }: NonNullable<Kept['event']>['proof']): string {
  return `${by}, ${coversBody ? 'covering the body' : 'not covering the body'}; time ${timestamp}`
}
