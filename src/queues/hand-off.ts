import type { HandlerContext } from '../attempt'
import { isWebhookError, misconfigured, WebhookError } from '../errors'
import type { WebhookEvent } from '../event'
import { withoutValues } from '../stores/store'

/** A handler for any receiver and adapter: hands the event on, and has it answered 200 once that is done. */
export type HandOff<Context = HandlerContext<unknown>> = (event: WebhookEvent, context: Context) => Promise<void>

export interface HandOffOptions {
  /** How long the queue may take, in milliseconds: most clients wait for a silent server for ever. Default 1500. */
  timeoutMs?: number
}

/**
 * Makes the handler. Whatever `give` throws, or a queue that takes longer, becomes `queue_unavailable`: 503, given back, no attempt
 * used up.
 */
export function handOff<Context extends HandlerContext<unknown>>(
  { timeoutMs = 1500 }: HandOffOptions,
  give: (event: WebhookEvent, context: Context, signal: AbortSignal) => unknown,
): HandOff<Context> {
  if (!(timeoutMs >= 1 && timeoutMs < 2 ** 31)) throw misconfigured('timeoutMs', 'must be 1 or more milliseconds.')
  return async (event, context) => {
    const deadline = new AbortController()
    const given = Promise.resolve().then(() => give(event, context, AbortSignal.any([deadline.signal, context.signal])))
    const late = new Promise<never>((_, reject) => {
      deadline.signal.addEventListener('abort', () => reject(lateBy(timeoutMs)))
    })
    const timer = setTimeout(() => deadline.abort(), timeoutMs)
    try {
      await Promise.race([given, late])
    } catch (error) {
      throw unavailable(error)
    } finally {
      clearTimeout(timer)
    }
  }
}

function lateBy(timeoutMs: number): WebhookError {
  return new WebhookError('queue_unavailable', `The queue did not take the job within ${timeoutMs} ms.`)
}

function unavailable(error: unknown): WebhookError {
  if (isWebhookError(error) && error.code === 'queue_unavailable') return error
  if (isWebhookError(error)) return new WebhookError('queue_unavailable', error.hint, { cause: error })
  // A client's errors may hold what it was sent: here the body.
  return new WebhookError('queue_unavailable', 'The queue did not take the job.', { cause: withoutValues(error) })
}
