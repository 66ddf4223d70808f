import type { IdempotencyStore } from '../stores/store'
import { acquired, type Check, equal, type StoreCheck, sleep } from './checks'

/** For stores that have transactions; others pass. */
export function transactionChecks(check: Check): StoreCheck[] {
  const completeIn = async (store: IdempotencyStore<unknown>, key: string, token: string, end: () => void) => {
    let taken: boolean | undefined
    const ended = await Promise.resolve(
      store.transaction?.(async (_, complete) => {
        taken = await complete(key, token, 3600)
        end()
      }),
    ).then(
      () => 'committed',
      () => 'rolled back',
    )
    return { taken, ended }
  }
  const rollBack = () => {
    throw new Error('rolled back on purpose')
  }
  return [
    check('a completion in a transaction stands when that is committed', async (store, key) => {
      if (store.transaction === undefined) return
      const { taken, ended } = await completeIn(store, key, await acquired(store, key, 60), () => {})
      equal('taken', taken, true)
      equal('the transaction', ended, 'committed')
      equal('the next claim', (await store.claim(key, 60)).state, 'completed')
    }),
    check('a completion in a transaction is undone when that is rolled back', async (store, key) => {
      if (store.transaction === undefined) return
      const token = await acquired(store, key, 60)
      const { taken, ended } = await completeIn(store, key, token, rollBack)
      equal('taken', taken, true)
      equal('the transaction', ended, 'rolled back')
      equal('the next claim', (await store.claim(key, 60)).state, 'in_progress')
      equal('the release by its owner', await store.release(key, token), true)
    }),
    check('a late owner who was replaced completes nothing in a transaction', async (store, key) => {
      if (store.transaction === undefined) return
      const late = await acquired(store, key, 0.2)
      await sleep(400)
      await acquired(store, key, 60)
      equal('taken', (await completeIn(store, key, late, () => {})).taken, false)
      equal('the next claim', (await store.claim(key, 60)).state, 'in_progress')
    }),
  ]
}
