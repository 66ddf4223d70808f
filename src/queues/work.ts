import type { Handler } from '../attempt'
import { blamesTheEvent, isWebhookError, WebhookError, type WebhookErrorCode } from '../errors'
import type { WebhookEvent } from '../event'
import { assertJobData } from '../job'
import { kindOf, type Outcome } from '../outcome'
import type { Receiver } from '../receiver'

/** The receiver whose jobs a queue holds, or several by the names of their providers. */
export type Receivers = Receiver<WebhookEvent, unknown> | Readonly<Record<string, Receiver<WebhookEvent, unknown>>>

type ReceiverIn<R> = R extends Receiver<WebhookEvent, unknown> ? R : R[keyof R]

/** The handler for whatever these receivers receive. */
export type HandlerFor<R> = Handler<
  ReceiverIn<R> extends Receiver<infer Event, infer _> ? Event : never,
  ReceiverIn<R> extends Receiver<infer _, infer Tx> ? Tx : never
>

/**
 * Has a job handled once: resolves when it is, now or before, and throws the outcome's error otherwise, for the queue to try
 * again; see `isHopeless`.
 */
export async function work<R extends Receivers>(
  receivers: R,
  handler: HandlerFor<R>,
  queue: string,
  data: unknown,
): Promise<void> {
  const receiver = receiverOf(receivers, data)
  const outcome = await receiver.replay({ queue, data }, handler as Handler<WebhookEvent, unknown>)
  const error = errorOf(outcome)
  if (error !== undefined) throw error
}

/**
 * Whether an error that a job ended with says that no other attempt can end better: it is no job, one older than the store's memory, or the
 * wrong payment. What cannot be proven may be only when the worker has the new secret, too.
 */
export function isHopeless(error: unknown): boolean {
  return isWebhookError(error) && (error.code === 'job_invalid' || blamesTheEvent(error.cause))
}

/** Whether a job ended before its handler did, with what says nothing of the event: a store, an API, another worker. */
export function isPassing(error: unknown): boolean {
  return isWebhookError(error) && (kindOf(error.code) === 'unavailable' || elsewhere.includes(error.code))
}

const elsewhere: readonly WebhookErrorCode[] = ['in_progress', 'lease_lost', 'handler_timeout']

function errorOf(outcome: Outcome): WebhookError | undefined {
  return outcome.kind === 'processed' || outcome.kind === 'duplicate' ? undefined : outcome.error
}

function receiverOf(receivers: Receivers, data: unknown): Receiver<WebhookEvent, unknown> {
  if (isReceiver(receivers)) return receivers
  const name = typeof data === 'object' && data !== null && 'provider' in data ? data.provider : undefined
  const receiver = typeof name === 'string' && Object.hasOwn(receivers, name) ? receivers[name] : undefined
  if (receiver !== undefined) return receiver
  assertJobData(data)
  throw new WebhookError('job_misdirected', 'There is no receiver for the provider of that job.')
}

function isReceiver(receivers: Receivers): receivers is Receiver<WebhookEvent, unknown> {
  return typeof receivers['replay'] === 'function'
}
