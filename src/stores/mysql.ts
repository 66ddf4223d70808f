import { misconfigured } from '../errors'
import {
  assertTable,
  claimInSteps,
  endOf,
  type InTransactions,
  inTransaction,
  noTransactions,
  type Rows,
  type SqlSteps,
  type SqlStore,
  type SqlStoreOptions,
  toLetter,
} from './sql'
import { abandonedSeconds, assertKey, type Complete, type IdempotencyStore } from './store'

export type { InTransactions, SqlStore, SqlStoreOptions } from './sql'

/** Runs one statement and gives its result: the rows, or an object with `affectedRows`. */
export type RunMysql = (text: string, values: unknown[]) => Promise<unknown>

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
  const query = runner(client)
  const { steps, owner, letters, prune } = statements(table, query)
  return {
    defaultRetentionSeconds: 30 * 86_400,
    async claim(key, leaseSeconds, letter) {
      assertKey(key)
      return claimInSteps(steps, key, leaseSeconds, letter ?? null)
    },
    ...owner,
    letters,
    async ensureSchema() {
      await query(mysqlSchema(table), [])
    },
    prune,
    ...(transaction ? { transaction: transactions(client, table) } : {}),
  }
}

// SYSDATE(6): NOW() stands still while a statement waits for a lock. UTC, whatever the session's zone is.
const now = `(SYSDATE(6) - INTERVAL TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) SECOND)`
const later = `${now} + INTERVAL ROUND(? * 1000000) MICROSECOND`
const open = `(state = 'free' OR (state = 'busy' AND lease_until <= ${now}) OR (state = 'done' AND expires_at <= ${now}))`
const owned = `event_key = ? AND state = 'busy' AND token = ?`
const idle = `kept AND (state <> 'busy' OR lease_until <= ${now})`
const letterColumns = 'event_key AS `key`, letter, attempt'

function statements(table: string, query: RunMysql) {
  const changed = async (text: string, values: unknown[]) => affected(await query(text, values)) === 1
  const steps: SqlSteps = {
    async insert(key, token, lease, letter) {
      const text = `INSERT IGNORE INTO ${table} (event_key, state, token, lease_until, first_seen, expires_at, letter)
        VALUES (?, 'busy', ?, ${later}, ${now}, ${later}, ?)`
      return (await changed(text, [key, token, lease, abandonedSeconds, letter])) ? [{ attempt: 1 }] : []
    },
    async look(key) {
      const text = `SELECT state, ${open} AS open, GREATEST(0, TIMESTAMPDIFF(MICROSECOND, ${now}, lease_until) / 1000000) AS wait FROM ${table} WHERE event_key = ?`
      return rowsOf(await query(text, [key])).map((row) => ({ ...row, open: Number(row['open']) === 1 }))
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
  const prune = async (batch = 1000) =>
    affected(
      await query(`DELETE FROM ${table} WHERE expires_at <= ${now} AND state <> 'busy' AND letter IS NULL LIMIT ?`, [
        batch,
      ]),
    )
  return { steps, owner, letters, prune }
}

const affected = (result: unknown): number => Number((result as { affectedRows?: unknown }).affectedRows ?? 0)
const rowsOf = (result: unknown): Rows => (Array.isArray(result) ? (result as Rows) : [])

function runner(client: object): RunMysql {
  if (typeof client === 'function') return client as RunMysql
  if (typeof client === 'object' && client !== null && 'query' in client) {
    const query = (client.query as RunMysql).bind(client)
    // mysql2 gives the columns too.
    return 'transaction' in client ? query : async (text, values) => ((await query(text, values)) as unknown[])[0]
  }
  throw misconfigured('mysqlStore(client)', 'must be a pool of mysql2/promise, or a function (text, values) => result.')
}

/** Transactions in the way of the client that was handed in. */
function transactions(client: object, table: string): NonNullable<SqlStore<never>['transaction']> {
  const completeWith = (query: RunMysql): Complete => statements(table, query).owner.complete
  if ('transaction' in client) {
    const { transaction } = client as MysqlTransactions<never>
    return (work) => transaction.call(client, (tx, query) => work(tx, completeWith(query)))
  }
  if ('getConnection' in client) {
    const pool = client as { getConnection(): Promise<MysqlConnection> }
    return async (work) => {
      const connection = await pool.getConnection()
      const release = (broken: boolean) => (broken ? connection.destroy() : connection.release())
      await inTransaction(connection, release, () => work(connection as never, completeWith(runner(connection))))
    }
  }
  throw noTransactions('mysqlStore', 'a pool of mysql2/promise, or { query, transaction }')
}

type MysqlConnection = Parameters<typeof inTransaction>[0] & {
  query(text: string, values?: unknown[]): Promise<[unknown, unknown]>
  release(): void
  destroy(): void
}
