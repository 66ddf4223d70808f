import { misconfigured } from '../errors'
import { assertTable, guarded, type InTransactions, type SqlStore, type SqlStoreOptions } from './sql'
import { get, type SqliteDatabase, statements } from './sqlite-statements'
import { assertKey, type Claim, type Complete } from './store'

export type { InTransactions, SqlStore, SqlStoreOptions } from './sql'
export type { SqliteDatabase } from './sqlite-statements'

/** The statements that make the table, for your own migrations. */
export function sqliteSchema(table = 'payproof_events'): string {
  assertTable(table)
  const [name = table, schema] = table.split('.').reverse()
  const index = schema === undefined ? name : `${schema}.${name}`
  return `CREATE TABLE IF NOT EXISTS ${table} (
  key TEXT PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 512),
  state TEXT NOT NULL CHECK (state IN ('busy', 'free', 'done')),
  token TEXT,
  attempt INTEGER NOT NULL DEFAULT 1,
  lease_until INTEGER,
  first_seen INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  letter TEXT,
  CHECK ((state = 'busy') = (token IS NOT NULL AND lease_until IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ${index}_prunable ON ${name} (expires_at) WHERE state <> 'busy' AND letter IS NULL;
CREATE INDEX IF NOT EXISTS ${index}_letters ON ${name} (key) WHERE letter IS NOT NULL;`
}

/**
 * Keeps keys in a SQLite file (3.37 or newer): for any number of processes on one machine, not on a network disk.
 * Sets WAL, `synchronous=FULL` and a busy time-out of 5 s, and makes its table. Calls block the event loop for microseconds,
 * or for as long as another process writes. In transactions a handler holds the write lock of the whole file until it has
 * ended: let such a handler do database work alone, and nothing else write to the file from the same process meanwhile, through
 * another connection, for that would stop the event loop. Not from inside a handler: `prune`, `ensureSchema`.
 */
export function sqliteStore<Database extends SqliteDatabase>(
  database: Database,
  options: InTransactions,
): SqlStore<Database>
export function sqliteStore(database: SqliteDatabase, options?: SqlStoreOptions & { transaction?: false }): SqlStore
export function sqliteStore(
  database: SqliteDatabase,
  { table = 'payproof_events', transaction = false }: SqlStoreOptions = {},
): SqlStore<never> {
  assertTable(table)
  assertDatabase(database)
  // The time-out first: other processes may be starting too.
  for (const pragma of ['busy_timeout = 5000', 'journal_mode = WAL', 'synchronous = FULL'])
    database.exec(`PRAGMA ${pragma}`)
  database.exec(sqliteSchema(table))

  const { claim, owner, letters, prune } = statements(database, table)
  const inTurn = turnsOf(database)
  return {
    defaultRetentionSeconds: 30 * 86_400,
    async claim(key, leaseSeconds, letter): Promise<Claim> {
      assertKey(key)
      const token = crypto.randomUUID()
      return inTurn(async () => claim(key, token, leaseSeconds, letter ?? null))
    },
    renew: (...values) => inTurn(async () => owner.renew(...values)),
    complete: (...values) => inTurn(async () => owner.complete(...values)),
    release: (...values) => inTurn(async () => owner.release(...values)),
    letters: {
      get: (key) => inTurn(async () => letters.get(key)),
      list: (...values) => inTurn(async () => letters.list(...values)),
      discard: (key) => inTurn(async () => letters.discard(key)),
    },
    async ensureSchema() {
      await inTurn(async () => database.exec(sqliteSchema(table)))
    },
    prune: (batch = 1000) => inTurn(async () => immediately(database, () => prune(batch))),
    ...(transaction && {
      transaction: (work: (tx: never, complete: Complete) => Promise<void>) => {
        const run = async (text: string) => database.exec(text)
        const complete: Complete = async (...values) => owner.complete(...values)
        return inTurn(() => inTransaction(database, async () => work(database as never, await guarded(run, complete))))
      },
    }),
  }
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>
const turnsOfFile = new Map<string, InTurn>()
const turnsOfConnection = new WeakMap<SqliteDatabase, InTurn>()

/**
 * One after the other on a file: what another call does in between would become part of an open transaction on the same
 * connection, and on another one would stop the event loop until that transaction, which needs it, has ended.
 */
function turnsOf(database: SqliteDatabase): InTurn {
  const { file } = get(database.prepare(`SELECT file FROM pragma_database_list WHERE name = 'main'`)) ?? {}
  const known = turnsOfConnection.get(database) ?? turnsOfFile.get(String(file))
  if (known !== undefined) return known
  let last: Promise<unknown> = Promise.resolve()
  const inTurn: InTurn = (work) => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }
  turnsOfConnection.set(database, inTurn)
  // A database in memory has none.
  if (typeof file === 'string' && file !== '') turnsOfFile.set(file, inTurn)
  return inTurn
}

/** Takes the write lock first: a claim that looks and then writes must not be overtaken in between. */
function immediately<T>(database: SqliteDatabase, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    rollBack(database)
    throw error
  }
}

async function inTransaction(database: SqliteDatabase, work: () => Promise<void>): Promise<void> {
  database.exec('BEGIN IMMEDIATE')
  try {
    await work()
    database.exec('COMMIT')
  } catch (error) {
    rollBack(database)
    throw error
  }
}

/** A full disk has rolled back already. */
function rollBack(database: SqliteDatabase): void {
  try {
    database.exec('ROLLBACK')
  } catch {}
}

function assertDatabase(database: unknown): asserts database is SqliteDatabase {
  const { exec, prepare } = (database ?? {}) as { exec?: unknown; prepare?: unknown }
  if (typeof exec === 'function' && typeof prepare === 'function') return
  throw misconfigured(
    'sqliteStore(database)',
    'must be an open database of node:sqlite, bun:sqlite, better-sqlite3 or libsql.',
  )
}
