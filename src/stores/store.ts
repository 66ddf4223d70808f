/** What a store says to whoever wants to handle an event. */
export type Claim =
  | { readonly state: 'acquired'; readonly token: string }
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
