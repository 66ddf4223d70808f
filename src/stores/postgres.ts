import { misconfigured } from '../errors'
import { assertTable, claimInSteps, type SqlSteps, type SqlStore, type SqlStoreOptions } from './sql'
import { abandonedSeconds, assertKey, type Claim } from './store'

export type { SqlStore, SqlStoreOptions } from './sql'

/** `pg` (a Pool or Client), `postgres` (postgres.js), or a function that runs one statement and gives its rows. */
export type PostgresClient =
  | { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> }
  | { unsafe(text: string, values: never[]): PromiseLike<unknown> }
  | ((text: string, values: unknown[]) => Promise<unknown[]>)

/** The statements that make the table, for your own migrations. */
export function postgresSchema(table = 'payproof_events'): string {
  assertTable(table)
  return `CREATE TABLE IF NOT EXISTS ${table} (
  key text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 512),
  state text NOT NULL CHECK (state IN ('busy', 'free', 'done')),
  token uuid,
  attempt bigint NOT NULL DEFAULT 1,
  lease_until timestamptz,
  first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  CHECK ((state = 'busy') = (token IS NOT NULL AND lease_until IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS ${table.replace('.', '_')}_expires_at ON ${table} (expires_at);`
}

/**
 * Keeps keys in PostgreSQL 12 or newer. Run it outside your own transactions, in READ COMMITTED, which is the default.
 * A duplicate locks and writes nothing.
 */
export function postgresStore(client: PostgresClient, { table = 'payproof_events' }: SqlStoreOptions = {}): SqlStore {
  assertTable(table)
  const query = runner(client)
  // clock_timestamp(): now() stands still while a statement waits for a lock.
  const later = (parameter: string) => `clock_timestamp() + ${parameter}::float8 * interval '1 second'`
  const open = `(state = 'free' OR (state = 'busy' AND lease_until <= clock_timestamp()) OR (state = 'done' AND expires_at <= clock_timestamp()))`
  const owned = `key = $1 AND state = 'busy' AND token = $2::uuid`
  const steps: SqlSteps = {
    insert: (key, token, lease) =>
      query(
        `INSERT INTO ${table} (key, state, token, lease_until, expires_at) VALUES ($1, 'busy', $2::uuid, ${later('$3')}, ${later('$4')})
         ON CONFLICT (key) DO NOTHING RETURNING attempt`,
        [key, token, lease, abandonedSeconds],
      ),
    look: (key) =>
      query(
        `SELECT state, ${open} AS open, greatest(0, extract(epoch FROM lease_until - clock_timestamp()))::float8 AS wait
         FROM ${table} WHERE key = $1`,
        [key],
      ),
    takeOver: (key, token, lease) =>
      query(
        `UPDATE ${table} SET state = 'busy', token = $2::uuid, attempt = attempt + 1, lease_until = ${later('$3')}, expires_at = ${later('$4')}
         WHERE key = $1 AND ${open} RETURNING attempt`,
        [key, token, lease, abandonedSeconds],
      ),
  }
  const changed = async (text: string, values: unknown[]) => (await query(`${text} RETURNING 1`, values)).length === 1

  return {
    defaultRetentionSeconds: 30 * 86_400,
    async claim(key, leaseSeconds): Promise<Claim> {
      assertKey(key)
      return claimInSteps(steps, key, leaseSeconds)
    },
    renew: (key, token, leaseSeconds) =>
      changed(`UPDATE ${table} SET lease_until = ${later('$3')} WHERE ${owned}`, [key, token, leaseSeconds]),
    complete: (key, token, retentionSeconds) =>
      changed(
        `UPDATE ${table} SET state = 'done', token = NULL, lease_until = NULL, expires_at = ${later('$3')} WHERE ${owned}`,
        [key, token, retentionSeconds],
      ),
    release: (key, token) =>
      changed(`UPDATE ${table} SET state = 'free', token = NULL, lease_until = NULL WHERE ${owned}`, [key, token]),
    async ensureSchema() {
      for (const statement of postgresSchema(table)
        .split(';')
        .filter((text) => text.trim() !== ''))
        await query(statement, [])
    },
    async prune(batch = 1000) {
      const rows = await query(
        `DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} WHERE expires_at <= clock_timestamp() AND state <> 'busy'
         LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1`,
        [batch],
      )
      return rows.length
    },
  }
}

type Rows = readonly Record<string, unknown>[]

function runner(client: PostgresClient): (text: string, values: unknown[]) => Promise<Rows> {
  if (typeof client === 'object' && client !== null && 'query' in client) {
    return async (text, values) => (await client.query(text, values)).rows as Rows
  }
  // postgres.js is a function too, with `unsafe` for a text and its parameters.
  if ((typeof client === 'function' || typeof client === 'object') && client !== null && 'unsafe' in client) {
    return async (text, values) => (await client.unsafe(text, values as never[])) as Rows
  }
  if (typeof client === 'function') return async (text, values) => (await client(text, values)) as Rows
  throw misconfigured(
    'postgresStore(client)',
    'must be a Pool of pg, the sql of postgres.js, or a function (text, values) => rows.',
  )
}
