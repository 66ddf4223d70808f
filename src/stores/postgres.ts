import { sha256Hex } from '#hmac'
import { toBytes } from '../core/bytes'
import { misconfigured, type WebhookError } from '../errors'
import { type Run, statements } from './postgres-statements'
import {
  assertTable,
  guarded,
  type InTransactions,
  inTransaction,
  noTransactions,
  onceMore,
  type Rows,
  type SqlStore,
  type SqlStoreOptions,
  storeOf,
} from './sql'
import { asked } from './store'

export type { InTransactions, SqlStore, SqlStoreOptions } from './sql'

export interface PostgresStoreOptions extends SqlStoreOptions {
  /**
   * Has the server plan the store's statements once per connection, which takes about a third off each. Not behind a pooler that
   * gives every transaction another connection, such as PgBouncer before 1.21. Default `false`.
   */
  prepare?: boolean
}

/** Runs one statement and gives its rows. */
export type RunPostgres = (text: string, values: unknown[]) => Promise<unknown[]>

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
  const name = table.replace('.', '_')
  return `CREATE TABLE IF NOT EXISTS ${table} (
  key text COLLATE "C" PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 512),
  state text NOT NULL CHECK (state IN ('busy', 'free', 'done')),
  token uuid,
  attempt bigint NOT NULL DEFAULT 1,
  lease_until timestamptz,
  first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  letter text,
  CHECK ((state = 'busy') = (token IS NOT NULL AND lease_until IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS ${name}_expires_at ON ${table} (expires_at);
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
  { table = 'payproof_events', transaction = false, prepare = false }: PostgresStoreOptions = {},
): SqlStore<never> {
  assertTable(table)
  const query = onceMore(prepare ? preparing(client) : runner(client))
  const ensureSchema = async () => {
    for (const statement of postgresSchema(table).split(/;$/m)) if (statement.trim() !== '') await query(statement, [])
  }
  return storeOf(statements(table, query), ensureSchema, transaction ? transactions(client, table) : undefined)
}

function runner(client: object): Run {
  // postgres.js is a function too, with `unsafe` for a text and its parameters.
  const method = ['query', 'unsafe'].find((name) => isObject(client) && name in client)
  if (method === undefined && typeof client !== 'function') throw notAClient()
  const query = method === undefined ? client : (client as Record<string, () => unknown>)[method]?.bind(client)
  return async (text, values) => rowsOf(await asked(() => (query as RunPostgres)(text, values)))
}

/** As `runner`, and the server plans each statement once per connection. */
function preparing(client: object): Run {
  if ('query' in client) {
    const { query } = client as { query(config: { name: string; text: string; values: unknown[] }): Promise<unknown[]> }
    const names = new Map<string, string>()
    return runner((text: string, values: unknown[]) => {
      const name = names.get(text) ?? `payproof_${sha256Hex(toBytes(text)).slice(0, 16)}`
      names.set(text, name)
      return query.call(client, { name, text, values })
    })
  }
  if ('unsafe' in client) {
    const { unsafe } = client as { unsafe(text: string, values: unknown[], options: object): Promise<unknown[]> }
    return runner((text: string, values: unknown[]) => unsafe.call(client, text, values, { prepare: true }))
  }
  throw misconfigured('postgresStore(client, { prepare: true })', 'needs a Pool of pg or the sql of postgres.js.')
}

function notAClient(): WebhookError {
  return misconfigured(
    'postgresStore(client)',
    'must be a Pool of pg, the sql of postgres.js, or a function (text, values) => rows.',
  )
}
const rowsOf = (result: unknown): Rows =>
  (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as Rows
const isObject = (client: unknown): client is object =>
  (typeof client === 'object' || typeof client === 'function') && client !== null

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
