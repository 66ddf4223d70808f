import { preparing, type RunPostgres, runner } from './postgres-client'
import { type Run, statements } from './postgres-statements'
import {
  assertTable,
  guarded,
  type InTransactions,
  inTransaction,
  noTransactions,
  onceMore,
  type SqlStore,
  type SqlStoreOptions,
  storeOf,
} from './sql'

export type { RunPostgres } from './postgres-client'
export type { InTransactions, SqlStore, SqlStoreOptions } from './sql'

export interface PostgresStoreOptions extends SqlStoreOptions {
  /**
   * Has the server plan the store's statements once per connection, with `pg` and `postgres`, which takes about half of its work
   * off it. Behind a pooler that keeps none, such as PgBouncer before 1.21, the store finds out and prepares no more. `false`
   * behind RDS Proxy, which would pin connections. Default `true`.
   */
  prepare?: boolean
}

/** `pg` (a Pool or Client), `postgres` (postgres.js), or a function that runs one statement and gives its rows. */
export type PostgresClient =
  | { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> }
  | { unsafe(text: string, values: never[]): PromiseLike<unknown> }
  | RunPostgres

/** What transactions can be had from: a `Pool` of `pg`. */
export interface PgPool<Tx> {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
  connect(): Promise<Tx>
  connect(callback: never): unknown
}

/** What transactions can be had from: the `sql` of `postgres`. */
export interface PostgresJs<Tx> {
  unsafe(text: string, values: never[]): PromiseLike<unknown>
  begin<T>(work: (tx: Tx) => Promise<T>): Promise<unknown>
  begin<T>(options: string, work: (tx: Tx) => Promise<T>): Promise<unknown>
}

/** What transactions can be had from: anything else, such as an ORM. `query` runs in `tx`. */
export interface PostgresTransactions<Tx> {
  query: RunPostgres
  transaction(work: (tx: Tx, query: RunPostgres) => Promise<void>): Promise<unknown>
}

/** The statements that make the table, for your own migrations. */
export function postgresSchema(table = 'payproof_events'): string {
  assertTable(table)
  // An index is in the schema of its table.
  const name = table.split('.').at(-1)
  // A completion mostly leaves the day as it is, and so every index, in the same page: checks and a finer index would cost more.
  return `CREATE TABLE IF NOT EXISTS ${table} (
  key text COLLATE "C" PRIMARY KEY,
  state text NOT NULL,
  token uuid,
  attempt bigint NOT NULL DEFAULT 1,
  lease_until timestamptz NOT NULL,
  first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  expires_on date NOT NULL GENERATED ALWAYS AS ((expires_at AT TIME ZONE 'UTC')::date) STORED,
  letter text
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS ${name}_expires_on ON ${table} (expires_on);
CREATE INDEX IF NOT EXISTS ${name}_letters ON ${table} (key) WHERE letter IS NOT NULL;`
}

/**
 * Keeps keys in PostgreSQL 12 or newer. Run it outside your own transactions, in READ COMMITTED, which is the default.
 * A duplicate locks and writes nothing.
 */
export function postgresStore<Tx>(client: PgPool<Tx>, options: PostgresStoreOptions & InTransactions): SqlStore<Tx>
export function postgresStore<Tx>(client: PostgresJs<Tx>, options: PostgresStoreOptions & InTransactions): SqlStore<Tx>
export function postgresStore<Tx>(client: PostgresTransactions<Tx>, options: InTransactions): SqlStore<Tx>
export function postgresStore(
  client: PostgresClient,
  options?: PostgresStoreOptions & { transaction?: false },
): SqlStore
export function postgresStore(
  client: object,
  { table = 'payproof_events', transaction = false, prepare }: PostgresStoreOptions = {},
): SqlStore<never> {
  assertTable(table)
  const query = onceMore(preparing(client, prepare))
  const ensureSchema = async () => {
    for (const statement of postgresSchema(table).split(/;$/m))
      if (statement.trim() !== '') await query(statement, []).catch(unlessMeanwhile(() => query(statement, [])))
  }
  return storeOf(statements(table, query), ensureSchema, transaction ? transactions(client, table) : undefined)
}

/** PostgreSQL looks whether a thing is there, and then makes it: two that do so at once fail, and find it there the next time. */
function unlessMeanwhile<T>(again: () => Promise<T>): (error: { code?: unknown }) => Promise<T> {
  const madeMeanwhile = ['23505', '42P07', '42710']
  return (error) => (madeMeanwhile.includes(String(error?.code)) ? again() : Promise.reject(error))
}

/** Transactions in the way of the client that was handed in. READ COMMITTED: a renewal must not undo the completion. */
function transactions(client: object, table: string): NonNullable<SqlStore<never>['transaction']> {
  const completeIn = (run: Run) => guarded(run, statements(table, run).owner.complete)
  if ('transaction' in client) {
    const { transaction } = client as PostgresTransactions<never>
    return confirmed(client, table, (work) =>
      transaction.call(client, async (tx, query) => work(tx, await completeIn(runner(query)))),
    )
  }
  if ('begin' in client) {
    const { begin } = client as PostgresJs<never>
    return confirmed(client, table, (work) =>
      begin.call(client, 'isolation level read committed', async (tx) => work(tx, await completeIn(runner(tx)))),
    )
  }
  // A Client has `connect` too, but is one connection for everybody.
  if ('connect' in client && 'totalCount' in client) {
    const pool = client as unknown as { connect(): Promise<PgConnection> }
    return async (work) => {
      const connection = await pool.connect()
      const release = (broken: boolean) => connection.release(broken)
      await inTransaction(connection, ['BEGIN ISOLATION LEVEL READ COMMITTED'], release, async () =>
        work(connection as never, await completeIn(runner(connection))),
      )
    }
  }
  throw noTransactions('postgresStore', 'a Pool of pg, the sql of postgres.js, or { query, transaction }')
}

type Transaction = NonNullable<SqlStore<never>['transaction']>

/** Where the client commits by itself and does not say what came of it, the row does. */
function confirmed(client: object, table: string, transaction: Transaction): Transaction {
  const run = runner(client)
  return async (work) => {
    const keys: string[] = []
    await transaction((tx, complete) =>
      work(tx, async (key, ...rest) => {
        const done = await complete(key, ...rest)
        if (done) keys.push(key)
        return done
      }),
    )
    for (const key of keys) {
      const [row] = await run(`SELECT state FROM ${table} WHERE key = $1`, [key])
      if (row?.['state'] !== 'done') throw new Error('The transaction was rolled back instead of committed.')
    }
  }
}

type PgConnection = Parameters<typeof inTransaction>[0] & {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  release(broken: boolean): void
}
