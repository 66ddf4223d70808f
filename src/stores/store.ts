/** What a store says to whoever wants to handle an event. */
export type Claim =
  | {
      readonly state: 'acquired'
      /** Proves the ownership of this claim to `renew`, `complete` and `release`. */
      readonly token: string
      /** How many claims of this key were granted, this one included: 1 the first time. Left out by stores that do not count. */
      readonly attempt?: number
    }
  | { readonly state: 'in_progress'; readonly retryAfterSeconds: number }
  | { readonly state: 'completed' }

/**
 * Remembers which events are being handled and which are done. Each call is one atomic step; times are the store's own
 * clock; `false` means that the token no longer owns the key, and that nothing was changed.
 */
export interface IdempotencyStore {
  /** Takes the key for `leaseSeconds`, unless somebody has it or it is done. */
  claim(key: string, leaseSeconds: number): Promise<Claim>
  /** Has the lease end `leaseSeconds` from now. */
  renew(key: string, token: string, leaseSeconds: number): Promise<boolean>
  /** Marks the key as done, to be remembered for `retentionSeconds`. A late owner whom nobody replaced may still do so. */
  complete(key: string, token: string, retentionSeconds: number): Promise<boolean>
  /** Gives the key back, so that the next delivery is handled. */
  release(key: string, token: string): Promise<boolean>
  /** How long completed keys are kept unless the receiver is told otherwise; 7 days where this is left out. */
  readonly defaultRetentionSeconds?: number
}

/** A key that was claimed or given back and never completed is forgotten after this long: 30 days. */
export const abandonedSeconds = 30 * 86_400

/** Longer than any key a receiver makes, and short enough for every index. */
const maxKeyLength = 512

/** Refuses a key that a store would cut, fold or refuse on its own. */
export function assertKey(key: string): void {
  if (key.length === 0 || key.length > maxKeyLength || !/^[\x21-\x7e]+$/.test(key)) {
    throw new TypeError(`A key must be 1 to ${maxKeyLength} printable ASCII characters without spaces.`)
  }
}

export function toMs(seconds: number): number {
  return Math.ceil(seconds * 1000)
}
