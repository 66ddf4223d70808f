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
      `SELECT state, iif(state = 'busy', lease_until, expires_at) - ${now} AS left_ms FROM ${table} WHERE key = ?`,
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
      write(prepared.renew, toMs(leaseSeconds), key, token) !== undefined,
    complete: (key: string, token: string, retentionSeconds: number) =>
      write(prepared.complete, toMs(retentionSeconds), key, token) !== undefined,
    release: (key: string, token: string, letter?: string) =>
      write(prepared.release, letter ?? null, key, token) !== undefined,
  }
  const take = (key: string, token: string, leaseSeconds: number, letter: string | null): Claim | undefined => {
    const taken = write(prepared.take, key, token, toMs(leaseSeconds), toMs(abandonedSeconds), letter)
    return taken === undefined ? undefined : { state: 'acquired', token, attempt: Number(taken['attempt']) }
  }
  /** Why the key cannot be had. */
  const look = (key: string): Claim | undefined => {
    const { state = 'free', left_ms: leftMs } = get(prepared.look, key) ?? {}
    if (state === 'free' || Number(leftMs) <= 0) return undefined
    return state === 'done'
      ? { state: 'completed' }
      : { state: 'in_progress', retryAfterSeconds: Number(leftMs) / 1000 }
  }
  return {
    /** Looks first: a duplicate waits for nobody who writes. */
    claim(...[key, ...rest]: Parameters<typeof take>): Claim {
      for (let tries = 0; tries < 5; tries++) {
        const claim = look(key) ?? take(key, ...rest)
        if (claim !== undefined) return claim
      }
      // Taken and given back under our hands again and again: whoever comes next will see.
      return { state: 'in_progress', retryAfterSeconds: 1 }
    },
    owner,
    letters: {
      get(key: string) {
        const row = get(prepared.letter, key)
        return row === undefined ? undefined : toLetter(row)
      },
      list: (prefix: string, after: string, limit: number) =>
        (prepared.letters.all(...([prefix, endOf(prefix), after, limit] as never[])) as Rows).map(toLetter),
      discard: (key: string) => write(prepared.discard, key) !== undefined,
    },
    prune(batch: number): number {
      // In the words of the index, which a claim does not touch.
      const expired = `SELECT key FROM ${table} WHERE expires_at <= ${now} AND state <> 'busy' AND letter IS NULL LIMIT ${Math.floor(batch)}`
      const { n } = get(database.prepare(`SELECT count(*) AS n FROM (${expired})`)) ?? {}
      database.exec(`DELETE FROM ${table} WHERE key IN (${expired})`)
      return Number(n ?? 0)
    },
  }
}

/** To the end: what fails only when it is committed, such as on a full disk, is an error too. */
const write = (statement: SqliteStatement, ...values: (string | number | null)[]): Row | undefined =>
  (statement.all(...(values as never[])) as Rows)[0]

export const get = (statement: SqliteStatement, ...values: (string | number | null)[]): Row | undefined =>
  (statement.get(...(values as never[])) ?? undefined) as Row | undefined
