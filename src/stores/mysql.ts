import { misconfigured } from '../errors'
import { assertTable, claimInSteps, type SqlSteps, type SqlStore, type SqlStoreOptions } from './sql'
import { abandonedSeconds, assertKey, type Claim } from './store'

/** `mysql2/promise` (a Pool or Connection), or a function that runs one statement and gives its result. */
export type MysqlClient =
  | { query(text: string, values: unknown[]): Promise<[unknown, unknown]> }
  | ((text: string, values: unknown[]) => Promise<unknown>)

/** The statement that makes the table, for your own migrations. */
export function mysqlSchema(table = 'payproof_events'): string {
  assertTable(table)
  return `CREATE TABLE IF NOT EXISTS ${table} (
  event_key varchar(512) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  state enum('busy', 'free', 'done') NOT NULL,
  token char(36) CHARACTER SET ascii COLLATE ascii_bin,
  attempt bigint NOT NULL DEFAULT 1,
  lease_until datetime(6),
  first_seen datetime(6) NOT NULL,
  expires_at datetime(6) NOT NULL,
  INDEX (expires_at)
) ENGINE=InnoDB`
}

/** Keeps keys in MySQL 8 or MariaDB 10.5 and newer, through mysql2. */
export function mysqlStore(client: MysqlClient, { table = 'payproof_events' }: SqlStoreOptions = {}): SqlStore {
  assertTable(table)
  const query = runner(client)
  // SYSDATE(6): NOW() stands still while a statement waits for a lock. UTC, whatever the session's zone is.
  const now = `(SYSDATE(6) - INTERVAL TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) SECOND)`
  const later = `${now} + INTERVAL ROUND(? * 1000000) MICROSECOND`
  const open = `(state = 'free' OR (state = 'busy' AND lease_until <= ${now}) OR (state = 'done' AND expires_at <= ${now}))`
  const owned = `event_key = ? AND state = 'busy' AND token = ?`
  const changed = async (text: string, values: unknown[]) => affected(await query(text, values)) === 1
  const steps: SqlSteps = {
    async insert(key, token, lease) {
      const text = `INSERT IGNORE INTO ${table} (event_key, state, token, lease_until, first_seen, expires_at) VALUES (?, 'busy', ?, ${later}, ${now}, ${later})`
      return (await changed(text, [key, token, lease, abandonedSeconds])) ? [{ attempt: 1 }] : []
    },
    async look(key) {
      const text = `SELECT state, ${open} AS open, GREATEST(0, TIMESTAMPDIFF(MICROSECOND, ${now}, lease_until) / 1000000) AS wait FROM ${table} WHERE event_key = ?`
      return rowsOf(await query(text, [key])).map((row) => ({ ...row, open: Number(row['open']) === 1 }))
    },
    async takeOver(key, token, lease) {
      const text = `UPDATE ${table} SET lease_until = ${later}, expires_at = ${later}, attempt = attempt + 1, token = ?, state = 'busy' WHERE event_key = ? AND ${open}`
      if (!(await changed(text, [lease, abandonedSeconds, token, key]))) return []
      return rowsOf(await query(`SELECT attempt FROM ${table} WHERE event_key = ? AND token = ?`, [key, token]))
    },
  }

  return {
    defaultRetentionSeconds: 30 * 86_400,
    async claim(key, leaseSeconds): Promise<Claim> {
      assertKey(key)
      return claimInSteps(steps, key, leaseSeconds)
    },
    renew: (key, token, leaseSeconds) =>
      changed(`UPDATE ${table} SET lease_until = ${later} WHERE ${owned}`, [leaseSeconds, key, token]),
    complete: (key, token, retentionSeconds) =>
      changed(
        `UPDATE ${table} SET state = 'done', token = NULL, lease_until = NULL, expires_at = ${later} WHERE ${owned}`,
        [retentionSeconds, key, token],
      ),
    release: (key, token) =>
      changed(`UPDATE ${table} SET state = 'free', token = NULL, lease_until = NULL WHERE ${owned}`, [key, token]),
    async ensureSchema() {
      await query(mysqlSchema(table), [])
    },
    async prune(batch = 1000) {
      return affected(
        await query(`DELETE FROM ${table} WHERE expires_at <= ${now} AND state <> 'busy' LIMIT ?`, [batch]),
      )
    },
  }
}

type Row = Readonly<Record<string, unknown>>

const affected = (result: unknown): number => Number((result as { affectedRows?: unknown }).affectedRows ?? 0)
const rowsOf = (result: unknown): readonly Row[] => (Array.isArray(result) ? (result as Row[]) : [])

function runner(client: MysqlClient): (text: string, values: unknown[]) => Promise<unknown> {
  if (typeof client === 'function') return client
  if (typeof client === 'object' && client !== null && 'query' in client)
    return async (text, values) => (await client.query(text, values))[0]
  throw misconfigured('mysqlStore(client)', 'must be a pool of mysql2/promise, or a function (text, values) => result.')
}
