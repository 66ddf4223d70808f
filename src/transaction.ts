import { within } from './deadline'
import { isWebhookError, WebhookError } from './errors'
import type { Complete, IdempotencyStore } from './stores/store'

export type Transaction<Tx> = NonNullable<IdempotencyStore<Tx>['transaction']>

/**
 * Runs `work` in a transaction that is begun in time and committed in time, or rolled back. Throws what `work` threw, or
 * `store_unavailable`. Whether a commit took place that nobody confirmed, the store will tell whoever claims next.
 */
export async function transact<Tx>(
  transaction: Transaction<Tx>,
  timeoutMs: number,
  work: (tx: Tx, complete: Complete) => Promise<void>,
): Promise<void> {
  let tooLate = false
  let working: Promise<void> | undefined
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const ended = Promise.resolve().then(() =>
    transaction(async (tx, complete) => {
      if (tooLate || working !== undefined) throw new Error('Begun too late, or a second time: nothing is done in it.')
      working = work(tx, complete)
      begin()
      await working
    }),
  )
  ended.catch(() => {})
  try {
    await within(timeoutMs, Promise.race([begun, ended]))
  } catch (error) {
    tooLate = true
    throw unavailable('begin', error)
  }
  if (working === undefined) {
    tooLate = true
    throw unavailable('begin', new Error('It ended before anything was done in it.'))
  }
  try {
    await working
  } catch (error) {
    // Rolled back before anybody else is let in.
    await within(timeoutMs, ended).catch(() => {})
    throw error
  }
  await within(timeoutMs, ended).catch((error) => {
    throw unavailable('commit', error)
  })
}

function unavailable(step: 'begin' | 'commit', cause: unknown): WebhookError {
  if (isWebhookError(cause)) return cause
  return new WebhookError('store_unavailable', `The store could not ${step} a transaction.`, { cause })
}
