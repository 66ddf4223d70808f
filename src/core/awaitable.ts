/** What may have to be waited for. Most deliveries need no waiting, and each needless one costs as much as parsing a field. */
export type Awaitable<T> = T | PromiseLike<T>

/** `next(value)`, at once where the value is there. */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return isPromiseLike(value) ? settled(value).then(next) : next(value)
}

/** What `work` comes to, or what `failed` makes of its error, whether that is thrown or comes later. */
export function attempt<T>(work: () => Awaitable<T>, failed: (error: unknown) => Awaitable<T>): Awaitable<T> {
  try {
    const result = work()
    return isPromiseLike(result) ? settled(result).then(undefined, failed) : result
  } catch (error) {
    return failed(error)
  }
}

const { then } = Promise.prototype

/** A promise that keeps to the rules: somebody else's `then` may call back twice, throw late, or give nothing that could be waited for. */
export function settled<T>(value: PromiseLike<T>): Promise<T> {
  const isPlain = value instanceof Promise && value.then === then
  return isPlain ? value : new Promise((resolve) => resolve(value))
}

export function isPromiseLike<T>(value: Awaitable<T>): value is PromiseLike<T> {
  const canBe = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return canBe && typeof (value as { then?: unknown }).then === 'function'
}
