import type { WebhookError, WebhookErrorCode } from './errors'
import type { WebhookEvent } from './event'
import type { Reply } from './reply'

/** What became of a delivery; `reply` is the answer to send. */
export type Outcome<Event extends WebhookEvent = WebhookEvent> =
  /** The handler ran and succeeded. */
  | { readonly kind: 'processed'; readonly event: Event; readonly reply: Reply }
  /** Handled before; acknowledged again. */
  | { readonly kind: 'duplicate'; readonly event: Event; readonly reply: Reply }
  /**
   * Being handled by another worker, or by this one beyond `answerWithinMs`. With `lease_lost` another worker took over
   * while the handler ran in its transaction, which was rolled back.
   */
  | { readonly kind: 'in_progress'; readonly event: Event; readonly error: WebhookError; readonly reply: Reply }
  /** The handler threw; `error.cause` is what it threw, and the next delivery is handled again. */
  | { readonly kind: 'failed'; readonly event: Event; readonly error: WebhookError; readonly reply: Reply }
  /** Failed `maxAttempts` times: acknowledged, kept as a dead letter, to be handled by `receiver.replay`. */
  | { readonly kind: 'dead_letter'; readonly event: Event; readonly error: WebhookError; readonly reply: Reply }
  /** Not proven, not readable, too large: the sender's doing. */
  | { readonly kind: 'rejected'; readonly error: WebhookError; readonly reply: Reply }
  /**
   * Store, queue, confirming API or a look-up did not answer, or the receiver is closing; the handler did not run, handed
   * nothing on, or what it did in its transaction was rolled back.
   */
  | { readonly kind: 'unavailable'; readonly error: WebhookError; readonly reply: Reply }
  /** The receiver is mounted or called wrongly; `error.hint` says how to mend it. */
  | { readonly kind: 'misuse'; readonly error: WebhookError; readonly reply: Reply }

export type OutcomeKind = Outcome['kind']

const misuse: readonly WebhookErrorCode[] = [
  'configuration_invalid',
  'body_already_parsed',
  'method_not_allowed',
  'internal_error',
  'dead_letter_unknown',
  'job_invalid',
  'job_misdirected',
]
const unavailable: readonly WebhookErrorCode[] = [
  'store_unavailable',
  'queue_unavailable',
  'confirmation_unavailable',
  'payment_pending',
  'secret_unavailable',
  'shutting_down',
]

/** The outcome of a delivery that did not get as far as its handler. */
export function kindOf(code: WebhookErrorCode): 'misuse' | 'unavailable' | 'rejected' {
  if (misuse.includes(code)) return 'misuse'
  return unavailable.includes(code) ? 'unavailable' : 'rejected'
}
