import { isWebhookError, type Report } from 'payproof'
import { postgresStore } from 'payproof/stores/postgres'
import type pg from 'pg'
import type { Config } from './config'
import { createReceivers, type Receivers } from './receivers'
import { workerTable } from './schema'

/** The worker's side: what a payment does, and that it was done, are committed together. */
export function openBack(config: Config, pool: pg.Pool): Receivers<pg.PoolClient> {
  return createReceivers(config, {
    store: postgresStore(pool, { table: workerTable, transaction: true, prepare: true }),
    // A killed worker's events are taken up after this long.
    leaseSeconds: 10,
    observe: (report) => noteProblem(pool, report),
  })
}

/** Why an event was not fulfilled, for the operator. Only payproof's own errors are known to hold no values. */
async function noteProblem(pool: pg.Pool, report: Report): Promise<void> {
  if (report.type !== 'delivery' || report.outcome !== 'failed') return
  const { provider, idempotencyKey, error } = report
  const why = isWebhookError(error) ? error.hint : 'The database or the handler failed: see the log of the worker.'
  if (!isWebhookError(error)) console.error(error)
  const upsert = `INSERT INTO problems (provider, event_id, why) VALUES ($1, $2, $3)
    ON CONFLICT (provider, event_id) DO UPDATE SET why = excluded.why`
  await pool.query(upsert, [provider, idempotencyKey, why])
}
