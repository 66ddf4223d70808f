import type { IdempotencyStore } from '../stores/store'
import type { Check, StoreCheck } from './checks'
import { claimChecks } from './claim-checks'
import { letterChecks } from './letter-checks'
import { transactionChecks } from './transaction-checks'

export type { StoreCheck } from './checks'

/**
 * What every store must hold to, for any test runner:
 * `for (const { name, run } of storeContract(makeStore)) it(name, run)`.
 * `makeStore` gives a store, each time on the same records; keys are random.
 */
export function storeContract<Tx>(
  makeStore: () => IdempotencyStore<Tx> | Promise<IdempotencyStore<Tx>>,
): readonly StoreCheck[] {
  const make = async () => (await makeStore()) as IdempotencyStore<unknown>
  const check: Check = (name, play) => ({
    name,
    run: async () => play(await make(), `contract:${crypto.randomUUID()}`),
  })

  return [...claimChecks(check, make), ...letterChecks(check), ...transactionChecks(check)]
}
