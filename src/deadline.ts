import { WebhookError } from './errors'

/** The store's answer, or `store_unavailable`: most clients wait for a silent server for ever. */
export async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new WebhookError('store_unavailable', `The store gave no answer within ${timeoutMs} ms.`)),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([answer, deadline])
  } finally {
    clearTimeout(timer)
  }
}

/** What the work comes to, or `undefined` if that takes longer. The work goes on all the same. */
export async function orLate<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
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
