import { randomUUID } from 'node:crypto'
import type { IdempotencyStore } from '../src'

/**
 * What a harness must notice before it is believed. `neverRenews` is also how it is shown what happens without renewal.
 * `neverRenewsAndThrows`: and the handler throws in place of its effect. `losesEffects` and `exitsAtOnce` are faults of the
 * shop, not of its store.
 */
export type Fault =
  | 'grantsAll'
  | 'grantsWhenDown'
  | 'neverRenews'
  | 'neverRenewsAndThrows'
  | 'losesEffects'
  | 'exitsAtOnce'

/** The store with that fault. */
export function withFault(store: IdempotencyStore<unknown>, fault: Fault | undefined): IdempotencyStore<unknown> {
  const { transaction } = store
  switch (fault) {
    case 'grantsAll':
      return {
        ...store,
        claim: async () => ({ state: 'acquired', token: randomUUID(), attempt: 1 }),
        complete: async () => true,
        renew: async () => true,
        release: async () => true,
        ...(transaction && { transaction: (work) => transaction((tx) => work(tx, async () => true)) }),
      }
    case 'grantsWhenDown':
      return {
        ...store,
        claim: (key, leaseSeconds, letter) =>
          Promise.race([store.claim(key, leaseSeconds, letter), rejectIn(500)]).catch(() => ({
            state: 'acquired' as const,
            token: randomUUID(),
          })),
      }
    case 'neverRenews':
    case 'neverRenewsAndThrows':
      return { ...store, renew: async () => true }
    default:
      return store
  }
}

function rejectIn(ms: number): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), ms))
}
