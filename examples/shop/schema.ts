import { postgresStore } from 'payproof/stores/postgres'
import type pg from 'pg'

/** What the worker remembers of events. The web side has a memory of its own: there "done" means handed on, here fulfilled. */
export const workerTable = 'worker_events'

const tables = `
CREATE TABLE IF NOT EXISTS orders (
  id text PRIMARY KEY,
  provider text NOT NULL,
  payment_id text NOT NULL,
  amount text NOT NULL,
  currency text NOT NULL,
  outcome text,
  UNIQUE (provider, payment_id)
);
-- Appended to, and without a unique key: a second fulfilment would stand here to be counted.
CREATE TABLE IF NOT EXISTS fulfilments (
  order_id text NOT NULL,
  event_id text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Letters that no store could keep, from the spools of the web processes.
CREATE TABLE IF NOT EXISTS spooled_letters (
  id text PRIMARY KEY,
  letter jsonb NOT NULL
);
-- Why the worker could not fulfil, for the operator.
CREATE TABLE IF NOT EXISTS problems (
  provider text NOT NULL,
  event_id text NOT NULL,
  why text NOT NULL,
  PRIMARY KEY (provider, event_id)
)`

/** Makes what is not there yet. To be run by one process, before the others start. */
export async function migrate(pool: pg.Pool): Promise<void> {
  for (const statement of tables.split(';')) await pool.query(statement)
  await postgresStore(pool, { table: workerTable }).ensureSchema()
}
