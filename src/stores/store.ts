/** What a store says to whoever wants to handle an event. */
export type Claim =
  | {
      readonly state: 'acquired'
      /** Proves the ownership of this claim to `renew`, `complete` and `release`. */
      readonly token: string
      /**
       * How many claims of this key were granted, this one included: 1 the first time, and rising for as long as the key
       * is remembered, so that it serves as a fencing number too. Left out by stores that do not count.
       */
      readonly attempt?: number
    }
  | { readonly state: 'in_progress'; readonly retryAfterSeconds: number }
  | { readonly state: 'completed' }

/**
 * Remembers which events are being handled and which are done. Each call is one atomic step; times are the store's own
 * clock; `false` means that the token no longer owns the key, and that nothing was changed.
 */
export interface IdempotencyStore<Tx = undefined> {
  /** Takes the key for `leaseSeconds`, unless somebody has it or it is done. Keeps `letter` with it, if one is given. */
  claim(key: string, leaseSeconds: number, letter?: string): Promise<Claim>
  /** Has the lease end `leaseSeconds` from now. */
  renew(key: string, token: string, leaseSeconds: number): Promise<boolean>
  /**
   * Marks the key as done, to be remembered for `retentionSeconds`, and drops its letter. A late owner whom nobody
   * replaced may still do so.
   */
  complete(key: string, token: string, retentionSeconds: number): Promise<boolean>
  /** Gives the key back, so that the next delivery is handled. Keeps `letter` with it, if one is given. */
  release(key: string, token: string, letter?: string): Promise<boolean>
  /** How long completed keys are kept unless the receiver is told otherwise; 7 days where this is left out. */
  readonly defaultRetentionSeconds?: number
  /** Set where all is forgotten when the process ends: then nothing is kept that only a crash would ask for. */
  readonly volatile?: boolean
  /** The letters that were kept. Left out by stores that keep none. */
  readonly letters?: Letters
  /**
   * Runs `work` in a transaction of the database that the keys are in: committed when it resolves, rolled back when it
   * rejects. `complete` takes part in it. Left out by stores that have none, or are not asked to.
   */
  transaction?(work: (tx: Tx, complete: Complete) => Promise<void>): Promise<unknown>
}

export type Complete = (key: string, token: string, retentionSeconds: number) => Promise<boolean>

/** An ASCII text that is kept with a key until the key is completed: no expiry and no pruning takes it. */
export interface Letter {
  readonly key: string
  readonly text: string
  /** How many claims of the key were granted so far. */
  readonly attempts: number
}

export interface Letters {
  get(key: string): Promise<Letter | undefined>
  /** Those that nobody is handling, in the order of their keys: at most `limit`, with this prefix, after this key. */
  list(prefix: string, after: string, limit: number): Promise<readonly Letter[]>
  /** Drops a letter that nobody is handling; its key stays as it is. */
  discard(key: string): Promise<boolean>
}

/** A key that was given back and never completed is forgotten after this long, unless it has a letter: 30 days. One whose owner never came back may stay. */
export const abandonedSeconds = 30 * 86_400

/** Longer than any key a receiver makes, and short enough for every index. */
const maxKeyLength = 512

/** Refuses a key that a store would cut, fold or refuse on its own. */
export function assertKey(key: string): void {
  if (key.length === 0 || key.length > maxKeyLength || !/^[\x21-\x7e]+$/.test(key)) {
    throw new TypeError(`A key must be 1 to ${maxKeyLength} printable ASCII characters without spaces.`)
  }
}

/**
 * A client's error without what it was sent: drivers put whole statements, and so bodies and tokens, into theirs. Keeps the code
 * and the message, its quotations left out.
 */
export function withoutValues(error: unknown): Error {
  const { name, message, code, errno } = (error ?? {}) as { [Part in 'name' | 'message' | 'code' | 'errno']?: unknown }
  const text = String(message ?? error)
    .replace(/,? with args beginning with[\s\S]*/, '')
    .replace(/'[^']*'|"[^"]*"|`[^`]*`/g, "'…'")
    .slice(0, 200)
  return Object.assign(new Error(text), { name: String(name ?? 'Error'), code: code ?? errno })
}

/** Calls a client so that its errors hold no values. */
export async function asked<T>(answer: () => Promise<T> | PromiseLike<T> | T): Promise<T> {
  try {
    return await answer()
  } catch (error) {
    throw withoutValues(error)
  }
}

export function toMs(seconds: number): number {
  return Math.ceil(seconds * 1000)
}
