import { WebhookError } from '../errors'
import type { WebhookEvent } from '../event'
import type { Job } from '../job'
import { type HandOff, type HandOffOptions, handOff } from './hand-off'
import { type HandlerFor, type Receivers, work } from './work'

export type { HandOff, HandOffOptions } from './hand-off'
export type { HandlerFor, Receivers } from './work'
export { isHopeless } from './work'

/** Gives a job to a queue. Resolves once the queue has it for good: not when it was written to a socket. */
export type Send = (job: Job, context: SendContext) => unknown

export interface SendContext {
  readonly event: WebhookEvent
  /** Aborted when the answer is no longer waited for. */
  readonly signal: AbortSignal
}

/**
 * A handler that hands every event to a queue with your own function. What is sent after `timeoutMs` does no harm: the provider
 * delivers again, and the job has the same id, by which the queue or the worker's receiver knows it.
 */
export function enqueue(send: Send, options: HandOffOptions = {}): HandOff {
  return handOff(options, (event, context, signal) => send(context.job(), { event, signal }))
}

/**
 * The worker's side: has a job from the queue of this name handled once, given by its data, or by the JSON of it as text or bytes.
 * Rejects where the queue has to bring it again; `isHopeless` tells errors with which that is of no use.
 */
export function processor<R extends Receivers>(
  queue: string,
  receivers: R,
  handler: HandlerFor<R>,
): (data: unknown) => Promise<void> {
  return async (data) => work(receivers, handler, queue, dataOf(data))
}

function dataOf(given: unknown): unknown {
  if (typeof given !== 'string' && !(given instanceof Uint8Array)) return given
  try {
    return JSON.parse(typeof given === 'string' ? given : new TextDecoder().decode(given))
  } catch {
    // What it says would be in the error of the parser.
    throw new WebhookError('job_invalid', 'That is not the JSON of a job.')
  }
}
