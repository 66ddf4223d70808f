import { sha256Hex } from '#hmac'
import type { Handler } from '../attempt'
import { toBytes } from '../core/bytes'
import { blamesTheEvent, isWebhookError, WebhookError, type WebhookErrorCode } from '../errors'
import type { WebhookEvent } from '../event'
import type { JobData } from '../job'
import type { Outcome } from '../outcome'
import { fromQueue } from '../queued'
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
  const outcome = await receiver.replay(
    fromQueue(keyPart(queue), data as JobData),
    handler as Handler<WebhookEvent, unknown>,
  )
  const error = errorOf(outcome)
  if (error !== undefined) throw error
}

/** What a store's keys may begin with. */
function keyPart(queue: string): string {
  return /^[\w.-]{1,100}$/.test(queue) ? queue : sha256Hex(toBytes(queue))
}

/** Whether an error that a job ended with says that no other attempt can end better. */
export function isHopeless(error: unknown): boolean {
  if (!isWebhookError(error)) return false
  return hopeless(error.code) || blamesTheEvent(error.cause)
}

/** What was proven when it was received, and cannot be now: not made by `context.job()`, or for other secrets. */
function hopeless(code: WebhookErrorCode): boolean {
  return code === 'job_invalid' || unproven.test(code)
}

const unproven = /^(signature|token|header|account|mode|timestamp|payload|id)_/

function errorOf(outcome: Outcome): WebhookError | undefined {
  return outcome.kind === 'processed' || outcome.kind === 'duplicate' ? undefined : outcome.error
}

function receiverOf(receivers: Receivers, data: unknown): Receiver<WebhookEvent, unknown> {
  if (isReceiver(receivers)) return receivers
  const name = typeof data === 'object' && data !== null && 'provider' in data ? data.provider : undefined
  const receiver = typeof name === 'string' && Object.hasOwn(receivers, name) ? receivers[name] : undefined
  if (receiver !== undefined) return receiver
  throw new WebhookError('job_invalid', 'There is no receiver for the provider of that job.')
}

function isReceiver(receivers: Receivers): receivers is Receiver<WebhookEvent, unknown> {
  return typeof receivers['replay'] === 'function'
}
