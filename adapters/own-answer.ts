import { type Awaitable, andThen } from '../src/core/awaitable'
import { isRefusal } from '../src/reply'

/**
 * Calls a handler. One that has refused by itself has failed as if it had thrown: it asks to have the event brought again, which nobody
 * would do who had been told that it was handled. `statusOf` gives the status of such an answer.
 */
export function handled<T>(handle: () => Awaitable<T>, statusOf: (returned: T) => unknown): Awaitable<T> {
  return andThen(handle(), (returned) => {
    const status = statusOf(returned)
    if (typeof status === 'number' && isRefusal({ status }))
      throw new Error(`The handler answered ${status} by itself.`)
    return returned
  })
}

/** The status of a fetch `Response` that a handler returned. */
export function statusOfResponse(returned: unknown): unknown {
  return returned instanceof Response ? returned.status : undefined
}
