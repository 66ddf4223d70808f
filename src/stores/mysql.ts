import { misconfigured } from '../errors'
import { type RunMysql, rowsOf, statements } from './mysql-statements'
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
import { asked } from './store'

export type { RunMysql } from './mysql-statements'
export type { InTransactions, SqlStore, SqlStoreOptions } from './sql'

/** `mysql2/promise` (a Pool or Connection), or a function that runs one statement and gives its result. */
export type MysqlClient = { query(text: string, values: unknown[]): Promise<[unknown, unknown]> } | RunMysql

/** What transactions can be had from: a pool of `mysql2/promise`. */
export interface MysqlPool<Tx> {
  query(text: string, values: unknown[]): Promise<[unknown, unknown]>
  getConnection(): Promise<Tx>
}

/** What transactions can be had from: anything else, such as an ORM. `query` runs in `tx`. */
export interface MysqlTransactions<Tx> {
  query: RunMysql
  transaction(work: (tx: Tx, query: RunMysql) => Promise<void>): Promise<unknown>
}

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
  letter mediumtext CHARACTER SET ascii COLLATE ascii_bin,
  kept boolean GENERATED ALWAYS AS (letter IS NOT NULL) VIRTUAL,
  INDEX (expires_at),
  INDEX (kept, event_key)
) ENGINE=InnoDB`
}

/** Keeps keys in MySQL 8 or MariaDB 10.5 and newer, through mysql2. */
export function mysqlStore<Tx>(client: MysqlTransactions<Tx>, options: InTransactions): SqlStore<Tx>
export function mysqlStore<Tx>(client: MysqlPool<Tx>, options: InTransactions): SqlStore<Tx>
export function mysqlStore(client: MysqlClient, options?: SqlStoreOptions & { transaction?: false }): SqlStore
export function mysqlStore(
  client: object,
  { table = 'payproof_events', transaction = false }: SqlStoreOptions = {},
): SqlStore<never> {
  assertTable(table)
  const query = onceMore(runner(client))
  const ensureSchema = async () => {
    const [session] = rowsOf(await query('SELECT @@autocommit AS autocommit, @@sql_mode AS sql_mode', []))
    if (Number(session?.['autocommit']) === 0)
      throw misconfigured('mysqlStore(client)', 'has autocommit off: nothing that the store writes would stay.')
    // mysql2 escapes with backslashes whatever the server takes, and letters have quotes in them.
    if (String(session?.['sql_mode']).includes('NO_BACKSLASH_ESCAPES'))
      throw misconfigured(
        'mysqlStore(client)',
        'has NO_BACKSLASH_ESCAPES in its sql_mode: what it writes would be changed.',
      )
    await query(mysqlSchema(table), [])
  }
  return storeOf(statements(table, query), ensureSchema, transaction ? transactions(client, table) : undefined)
}

function runner(client: object): RunMysql {
  if (typeof client === 'function') return (text, values) => asked(() => (client as RunMysql)(text, values))
  if (typeof client === 'object' && client !== null && 'query' in client) {
    const query = (client.query as RunMysql).bind(client)
    const answer: RunMysql = (text, values) => asked(() => query(text, values))
    // mysql2 gives the columns too.
    return 'transaction' in client ? answer : async (text, values) => ((await answer(text, values)) as unknown[])[0]
  }
  throw misconfigured('mysqlStore(client)', 'must be a pool of mysql2/promise, or a function (text, values) => result.')
}

/** Transactions in the way of the client that was handed in. READ COMMITTED: a renewal must not undo the completion. */
function transactions(client: object, table: string): NonNullable<SqlStore<never>['transaction']> {
  const completeIn = (run: RunMysql) => guarded(run, statements(table, run).owner.complete)
  if ('transaction' in client) {
    const { transaction } = client as MysqlTransactions<never>
    return (work) => transaction.call(client, async (tx, query) => work(tx, await completeIn(runner(query))))
  }
  if ('getConnection' in client) {
    const pool = client as { getConnection(): Promise<MysqlConnection> }
    return async (work) => {
      const connection = await pool.getConnection()
      const release = (broken: boolean) => (broken ? connection.destroy() : connection.release())
      const begin = ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'START TRANSACTION']
      await inTransaction(connection, begin, release, async () =>
        work(connection as never, await completeIn(runner(connection))),
      )
    }
  }
  throw noTransactions('mysqlStore', 'a pool of mysql2/promise, or { query, transaction }')
}

type MysqlConnection = Parameters<typeof inTransaction>[0] & {
  query(text: string, values?: unknown[]): Promise<[unknown, unknown]>
  release(): void
  destroy(): void
}
