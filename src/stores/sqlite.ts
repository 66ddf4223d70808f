import { misconfigured } from '../errors'
import { assertTable, type SqlStore, type SqlStoreOptions } from './sql'
import { abandonedSeconds, assertKey, type Claim, toMs } from './store'

/** `node:sqlite`, `bun:sqlite`, `better-sqlite3` or `libsql`: they share this much. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): { get(...values: never[]): unknown }
}

/** The statements that make the table, for your own migrations. */
export function sqliteSchema(table = 'payproof_events'): string {
  assertTable(table)
  return `CREATE TABLE IF NOT EXISTS ${table} (
  key TEXT PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 512),
  state TEXT NOT NULL CHECK (state IN ('busy', 'free', 'done')),
  token TEXT,
  attempt INTEGER NOT NULL DEFAULT 1,
  lease_until INTEGER,
  first_seen INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  CHECK ((state = 'busy') = (token IS NOT NULL AND lease_until IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ${table.replace('.', '_')}_expires_at ON ${table} (expires_at);`
}

/**
 * Keeps keys in a SQLite file (3.37 or newer): for any number of processes on one machine, not on a network disk.
 * Sets WAL, `synchronous=FULL` and a busy time-out of 5 s, and makes its table. Calls block the event loop for microseconds,
 * or for as long as another process writes.
 */
export function sqliteStore(database: SqliteDatabase, { table = 'payproof_events' }: SqlStoreOptions = {}): SqlStore {
  assertTable(table)
  assertDatabase(database)
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'busy_timeout = 5000'])
    database.exec(`PRAGMA ${pragma}`)
  database.exec(sqliteSchema(table))

  const now = `CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)`
  const owned = `key = ? AND state = 'busy' AND token = ?`
  const statements = {
    take: database.prepare(
      `INSERT INTO ${table} AS e (key, state, token, lease_until, first_seen, expires_at)
       VALUES (?, 'busy', ?, ${now} + ?, ${now}, ${now} + ?)
       ON CONFLICT (key) DO UPDATE SET state = 'busy', token = excluded.token, attempt = e.attempt + 1,
         lease_until = excluded.lease_until, expires_at = excluded.expires_at
       WHERE e.state = 'free' OR (e.state = 'busy' AND e.lease_until <= ${now}) OR (e.state = 'done' AND e.expires_at <= ${now})
       RETURNING attempt`,
    ),
    look: database.prepare(
      `SELECT state, max(0, coalesce(lease_until, 0) - ${now}) AS wait FROM ${table} WHERE key = ?`,
    ),
    renew: database.prepare(`UPDATE ${table} SET lease_until = ${now} + ? WHERE ${owned} RETURNING 1`),
    complete: database.prepare(
      `UPDATE ${table} SET state = 'done', token = NULL, lease_until = NULL, expires_at = ${now} + ? WHERE ${owned} RETURNING 1`,
    ),
    release: database.prepare(
      `UPDATE ${table} SET state = 'free', token = NULL, lease_until = NULL WHERE ${owned} RETURNING 1`,
    ),
  }
  const get = (statement: { get(...values: never[]): unknown }, ...values: (string | number)[]) =>
    (statement.get(...(values as never[])) ?? undefined) as Readonly<Record<string, unknown>> | undefined

  return {
    defaultRetentionSeconds: 30 * 86_400,
    async claim(key, leaseSeconds): Promise<Claim> {
      assertKey(key)
      const token = crypto.randomUUID()
      return immediately(database, (): Claim => {
        const taken = get(statements.take, key, token, toMs(leaseSeconds), toMs(abandonedSeconds))
        if (taken !== undefined) return { state: 'acquired', token, attempt: Number(taken['attempt']) }
        const found = get(statements.look, key)
        return found?.['state'] === 'done'
          ? { state: 'completed' }
          : { state: 'in_progress', retryAfterSeconds: Number(found?.['wait'] ?? 0) / 1000 }
      })
    },
    renew: async (key, token, leaseSeconds) => get(statements.renew, toMs(leaseSeconds), key, token) !== undefined,
    complete: async (key, token, retentionSeconds) =>
      get(statements.complete, toMs(retentionSeconds), key, token) !== undefined,
    release: async (key, token) => get(statements.release, key, token) !== undefined,
    async ensureSchema() {
      database.exec(sqliteSchema(table))
    },
    async prune(batch = 1000) {
      return immediately(database, () => {
        const expired = `SELECT key FROM ${table} WHERE expires_at <= ${now} AND state <> 'busy' LIMIT ${Math.floor(batch)}`
        const { n } = get(database.prepare(`SELECT count(*) AS n FROM (${expired})`)) ?? {}
        database.exec(`DELETE FROM ${table} WHERE key IN (${expired})`)
        return Number(n ?? 0)
      })
    },
  }
}

/** Takes the write lock first: a claim that looks and then writes must not be overtaken in between. */
function immediately<T>(database: SqliteDatabase, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function assertDatabase(database: unknown): asserts database is SqliteDatabase {
  const { exec, prepare } = (database ?? {}) as { exec?: unknown; prepare?: unknown }
  if (typeof exec === 'function' && typeof prepare === 'function') return
  throw misconfigured(
    'sqliteStore(database)',
    'must be an open database of node:sqlite, bun:sqlite, better-sqlite3 or libsql.',
  )
}
