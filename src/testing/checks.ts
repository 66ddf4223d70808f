import type { Claim, IdempotencyStore } from '../stores/store'

/** One thing a store must hold to. */
export interface StoreCheck {
  readonly name: string
  /** Rejects with an error that says what was expected. Takes at most a few seconds: leases run out in real time. */
  run(): Promise<void>
}

/** Makes a check out of a play with a store and a fresh key. */
export type Check = (name: string, play: (store: IdempotencyStore<unknown>, key: string) => Promise<void>) => StoreCheck

export const attemptOf = (claim: Claim) => (claim.state === 'acquired' ? claim.attempt : undefined)
export const many = <T>(times: number, make: () => T): T[] => Array.from({ length: times }, make)
export const count = (claims: readonly Claim[], state: Claim['state']) =>
  claims.filter((claim) => claim.state === state).length
export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export async function acquired(
  store: IdempotencyStore<unknown>,
  key: string,
  leaseSeconds: number,
  letter?: string,
): Promise<string> {
  const claim = await store.claim(key, leaseSeconds, letter)
  if (claim.state === 'acquired') return claim.token
  throw new Error(`expected the claim to be granted, but it was ${claim.state}`)
}

export function equal(what: string, given: unknown, expected: unknown): void {
  assert(given === expected, `${what}: expected ${expected}, got ${given}`)
}

export function assert(holds: boolean, problem: string): void {
  if (!holds) throw new Error(problem)
}
