import { endOf, type Row, type Rows, toLetter } from './sql'
import { abandonedSeconds, type Claim, toMs } from './store'

/** `node:sqlite`, `bun:sqlite`, `better-sqlite3` or `libsql`: they share this much. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
}

interface SqliteStatement {
  get(...values: never[]): unknown
  all(...values: never[]): unknown
}

const now = `CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)`
const owned = `key = ? AND state = 'busy' AND token = ?`
const idle = `letter IS NOT NULL AND (state <> 'busy' OR lease_until <= ${now})`

/** A SQLite store, statement by statement. */
export function statements(database: SqliteDatabase, table: string) {
  const prepared = {
    take: database.prepare(
      `INSERT INTO ${table} AS e (key, state, token, lease_until, first_seen, expires_at, letter)
       VALUES (?, 'busy', ?, ${now} + ?, ${now}, ${now} + ?, ?)
       ON CONFLICT (key) DO UPDATE SET state = 'busy', token = excluded.token, attempt = e.attempt + 1,
         lease_until = excluded.lease_until, expires_at = excluded.expires_at, letter = coalesce(excluded.letter, e.letter)
       WHERE e.state = 'free' OR (e.state = 'busy' AND e.lease_until <= ${now}) OR (e.state = 'done' AND e.expires_at <= ${now})
       RETURNING attempt`,
    ),
    look: database.prepare(
      `SELECT state, max(0, coalesce(lease_until, 0) - ${now}) AS wait FROM ${table} WHERE key = ?`,
    ),
    renew: database.prepare(`UPDATE ${table} SET lease_until = ${now} + ? WHERE ${owned} RETURNING 1`),
    complete: database.prepare(
      `UPDATE ${table} SET state = 'done', token = NULL, lease_until = NULL, letter = NULL, expires_at = ${now} + ?
       WHERE ${owned} RETURNING 1`,
    ),
    release: database.prepare(
      `UPDATE ${table} SET state = 'free', token = NULL, lease_until = NULL, letter = coalesce(?, letter)
       WHERE ${owned} RETURNING 1`,
    ),
    letter: database.prepare(`SELECT key, letter, attempt FROM ${table} WHERE key = ? AND letter IS NOT NULL`),
    letters: database.prepare(
      `SELECT key, letter, attempt FROM ${table} WHERE ${idle} AND key >= ? AND key < ? AND key > ? ORDER BY key LIMIT ?`,
    ),
    discard: database.prepare(`UPDATE ${table} SET letter = NULL WHERE key = ? AND ${idle} RETURNING 1`),
  }
  const owner = {
    renew: (key: string, token: string, leaseSeconds: number) =>
      get(prepared.renew, toMs(leaseSeconds), key, token) !== undefined,
    complete: (key: string, token: string, retentionSeconds: number) =>
      get(prepared.complete, toMs(retentionSeconds), key, token) !== undefined,
    release: (key: string, token: string, letter?: string) =>
      get(prepared.release, letter ?? null, key, token) !== undefined,
  }
  return {
    take(key: string, token: string, leaseSeconds: number, letter: string | null): number | undefined {
      const taken = get(prepared.take, key, token, toMs(leaseSeconds), toMs(abandonedSeconds), letter)
      return taken === undefined ? undefined : Number(taken['attempt'])
    },
    look(key: string): Claim {
      const { state, wait = 0 } = get(prepared.look, key) ?? {}
      return state === 'done'
        ? { state: 'completed' }
        : { state: 'in_progress', retryAfterSeconds: Number(wait) / 1000 }
    },
    owner,
    letters: {
      get(key: string) {
        const row = get(prepared.letter, key)
        return row === undefined ? undefined : toLetter(row)
      },
      list: (prefix: string, after: string, limit: number) =>
        (prepared.letters.all(...([prefix, endOf(prefix), after, limit] as never[])) as Rows).map(toLetter),
      discard: (key: string) => get(prepared.discard, key) !== undefined,
    },
    prune(batch: number): number {
      const expired = `SELECT key FROM ${table} WHERE expires_at <= ${now} AND state <> 'busy' AND letter IS NULL LIMIT ${Math.floor(batch)}`
      const { n } = get(database.prepare(`SELECT count(*) AS n FROM (${expired})`)) ?? {}
      database.exec(`DELETE FROM ${table} WHERE key IN (${expired})`)
      return Number(n ?? 0)
    },
  }
}

export const get = (statement: SqliteStatement, ...values: (string | number | null)[]): Row | undefined =>
  (statement.get(...(values as never[])) ?? undefined) as Row | undefined
