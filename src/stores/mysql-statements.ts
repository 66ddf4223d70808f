import { endOf, type Rows, type SqlStatements, type SqlSteps, type SqlStore, toLetter } from './sql'
import { abandonedSeconds, type IdempotencyStore } from './store'

/** Runs one statement and gives its result: the rows, or an object with `affectedRows`. */
export type RunMysql = (text: string, values: unknown[]) => Promise<unknown>

// SYSDATE(6): NOW() stands still while a statement waits for a lock. UTC, whatever the session's zone is.
const now = `(SYSDATE(6) - INTERVAL TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) SECOND)`
const later = `${now} + INTERVAL ROUND(? * 1000000) MICROSECOND`
const open = `(state = 'free' OR (state = 'busy' AND lease_until <= ${now}) OR (state = 'done' AND expires_at <= ${now}))`
const owned = `event_key = ? AND state = 'busy' AND token = ?`
const idle = `kept AND (state <> 'busy' OR lease_until <= ${now})`
const letterColumns = 'event_key AS `key`, letter, attempt'

/** A MySQL store, statement by statement. */
export function statements(table: string, query: RunMysql): SqlStatements {
  const changed = async (text: string, values: unknown[]) => affected(await query(text, values)) === 1
  const steps: SqlSteps = {
    async insertOrLook(key, token, lease, letter) {
      const text = `INSERT IGNORE INTO ${table} (event_key, state, token, lease_until, first_seen, expires_at, letter)
        VALUES (?, 'busy', ?, ${later}, ${now}, ${later}, ?)`
      if (await changed(text, [key, token, lease, abandonedSeconds, letter])) return [{ attempt: 1 }]
      const look = `SELECT state, TIMESTAMPDIFF(MICROSECOND, ${now}, IF(state = 'busy', lease_until, expires_at)) / 1000000 AS \`left\`
        FROM ${table} WHERE event_key = ?`
      return rowsOf(await query(look, [key]))
    },
    async takeOver(key, token, lease, letter) {
      const text = `UPDATE ${table} SET lease_until = ${later}, expires_at = ${later}, attempt = attempt + 1, token = ?,
        letter = COALESCE(?, letter), state = 'busy' WHERE event_key = ? AND ${open}`
      if (!(await changed(text, [lease, abandonedSeconds, token, letter, key]))) return []
      return rowsOf(await query(`SELECT attempt FROM ${table} WHERE event_key = ? AND token = ?`, [key, token]))
    },
  }
  const owner: Pick<IdempotencyStore, 'renew' | 'complete' | 'release'> = {
    renew: (key, token, leaseSeconds) =>
      changed(`UPDATE ${table} SET lease_until = ${later} WHERE ${owned}`, [leaseSeconds, key, token]),
    complete: (key, token, retentionSeconds) =>
      changed(
        `UPDATE ${table} SET state = 'done', token = NULL, lease_until = NULL, letter = NULL, expires_at = ${later} WHERE ${owned}`,
        [retentionSeconds, key, token],
      ),
    release: (key, token, letter) =>
      changed(
        `UPDATE ${table} SET state = 'free', token = NULL, lease_until = NULL, letter = COALESCE(?, letter) WHERE ${owned}`,
        [letter ?? null, key, token],
      ),
  }
  const letters: SqlStore['letters'] = {
    async get(key) {
      const [row] = rowsOf(await query(`SELECT ${letterColumns} FROM ${table} WHERE event_key = ? AND kept`, [key]))
      return row === undefined ? undefined : toLetter(row)
    },
    async list(prefix, after, limit) {
      const text = `SELECT ${letterColumns} FROM ${table} WHERE ${idle} AND event_key >= ? AND event_key < ? AND event_key > ? ORDER BY event_key LIMIT ?`
      return rowsOf(await query(text, [prefix, endOf(prefix), after, limit])).map(toLetter)
    },
    discard: (key) => changed(`UPDATE ${table} SET letter = NULL WHERE event_key = ? AND ${idle}`, [key]),
  }
  // UTC_TIMESTAMP, for no index is asked about a clock that moves.
  const prune = async (batch = 1000) =>
    affected(
      await query(
        `DELETE FROM ${table} WHERE expires_at <= UTC_TIMESTAMP(6) AND state <> 'busy' AND letter IS NULL LIMIT ?`,
        [batch],
      ),
    )
  return { steps, owner, letters, prune }
}

const affected = (result: unknown): number => Number((result as { affectedRows?: unknown }).affectedRows ?? 0)
export const rowsOf = (result: unknown): Rows => (Array.isArray(result) ? (result as Rows) : [])
