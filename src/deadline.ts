import { WebhookError } from './errors'

/**
 * The store's answer, or `store_unavailable`: most clients wait for a silent server for ever. `waits` is called when the
 * answer is not there at once, as that of a store in memory is: what only waiting needs is not made before.
 */
export function within<T>(timeoutMs: number, answer: PromiseLike<T>, waits = () => {}): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let settled = false
    const settle = () => {
      settled = true
      clearTimeout(timer)
    }
    const fail = (error: unknown) => {
      settle()
      reject(error)
    }
    answer.then((value) => {
      settle()
      resolve(value)
    }, fail)
    void Promise.resolve().then(() => {
      if (settled) return
      waits()
      const late = () => fail(new WebhookError('store_unavailable', `The store gave no answer within ${timeoutMs} ms.`))
      timer = setTimeout(late, timeoutMs)
    })
  })
}

/** Asks a store, which is somebody else's code and may throw where it should reject. */
export function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(ask())
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Longer timers fire at once. */
export const maxTimerMs = 2 ** 31 - 1

/** What the work comes to, or `undefined` if that takes longer. The work goes on all the same. */
export async function orLate<T>(ms: number, work: PromiseLike<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.min(ms, maxTimerMs))
  })
  const result = await Promise.race([work, late])
  clearTimeout(timer)
  return result
}

/** Does not keep a process alive that has nothing else to do. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => letGo(setTimeout(resolve, ms)))
}

export function letGo(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}
