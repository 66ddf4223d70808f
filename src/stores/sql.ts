import { misconfigured, type WebhookError } from '../errors'
import { assertKey, type Claim, type Complete, type IdempotencyStore, type Letter, type Letters } from './store'

export interface SqlStoreOptions {
  /** Default `payproof_events`; may name a schema, as `shop.payproof_events`. */
  table?: string
  /**
   * Gives the handler a transaction, `context.tx`, that commits together with the event's completion: what it writes
   * through `tx` happens exactly once. Default `false`.
   */
  transaction?: boolean
}

/** Options that ask for transactions. */
export type InTransactions = SqlStoreOptions & { transaction: true }

/** A store in a SQL database. */
export interface SqlStore<Tx = undefined> extends IdempotencyStore<Tx> {
  readonly letters: Letters
  /** Makes the table if it is not there. */
  ensureSchema(): Promise<void>
  /** Deletes what is no longer needed, in batches, never a claim that is held or a letter. Returns how many rows went. */
  prune(batch?: number): Promise<number>
}

export type Row = Readonly<Record<string, unknown>>
export type Rows = readonly Row[]

/** The steps of a claim. Each statement is atomic by itself; between them anything may happen. */
export interface SqlSteps {
  /**
   * `attempt`: the key is new and ours. Else, of the row that is there, `state`, and in `left` the seconds of its lease, or
   * of its retention. No row: it came or went in between.
   */
  insertOrLook(key: string, token: string, leaseSeconds: number, letter: string | null): Promise<Rows>
  /** A row back: the open key is ours. None: somebody else was faster. */
  takeOver(key: string, token: string, leaseSeconds: number, letter: string | null): Promise<Rows>
}

/** So a duplicate, by far the most frequent case after the first, never locks or writes a row. */
async function claimInSteps(steps: SqlSteps, key: string, leaseSeconds: number, letter: string | null): Promise<Claim> {
  const token = crypto.randomUUID()
  for (let tries = 0; tries < 5; tries++) {
    const rows = await steps.insertOrLook(key, token, leaseSeconds, letter)
    const found = rows.find(isGranted) ?? rows[0]
    if (found === undefined) continue
    if (isGranted(found)) return { state: 'acquired', token, attempt: Number(found['attempt']) }
    if (!isOpen(found)) return closed(found)
    const [taken] = await steps.takeOver(key, token, leaseSeconds, letter)
    if (taken !== undefined) return { state: 'acquired', token, attempt: Number(taken['attempt']) }
  }
  // Taken and given back under our hands again and again: whoever comes next will see.
  return { state: 'in_progress', retryAfterSeconds: 1 }
}

const isGranted = ({ attempt }: Row): boolean => attempt !== undefined && attempt !== null

function isOpen({ state, left }: Row): boolean {
  return state === 'free' || Number(left) <= 0
}

function closed({ state, left }: Row): Claim {
  return state === 'done' ? { state: 'completed' } : { state: 'in_progress', retryAfterSeconds: Number(left) }
}

/** What a store is made of in the words of one database. */
export interface SqlStatements {
  readonly steps: SqlSteps
  readonly owner: Pick<IdempotencyStore, 'renew' | 'complete' | 'release'>
  readonly letters: Letters
  readonly prune: SqlStore['prune']
}

/** The store that these statements make. */
export function storeOf(
  { steps, owner, letters, prune }: SqlStatements,
  ensureSchema: SqlStore['ensureSchema'],
  transaction: SqlStore<never>['transaction'],
): SqlStore<never> {
  return {
    defaultRetentionSeconds: 30 * 86_400,
    async claim(key, leaseSeconds, letter) {
      assertKey(key)
      return claimInSteps(steps, key, leaseSeconds, letter ?? null)
    },
    ...owner,
    letters,
    ensureSchema,
    prune,
    ...(transaction === undefined ? {} : { transaction }),
  }
}

/** A row of `key`, `letter` and `attempt`. */
export function toLetter({ key, letter, attempt }: Row): Letter {
  return { key: String(key), text: String(letter), attempts: Number(attempt) }
}

/** The greatest key that begins with `prefix`, and more. */
export function endOf(prefix: string): string {
  return `${prefix}\x7f`
}

/** Deadlocks and lost serialisations: the statement was undone whole, and the server asks to try it again. */
const transient = ['40001', '40P01', 'ER_LOCK_DEADLOCK']

/** Runs a statement once more where that is all it takes. Not for statements in a transaction, which is undone whole too. */
export function onceMore<T>(run: (text: string, values: unknown[]) => Promise<T>): typeof run {
  return (text, values) =>
    run(text, values).catch((error: { code?: unknown }) => {
      if (transient.includes(String(error?.code))) return run(text, values)
      throw error
    })
}

/** A connection that a pool has given out. */
interface PoolConnection {
  query(statement: string): Promise<unknown>
  on(event: 'error', listener: () => void): unknown
  off(event: 'error', listener: () => void): unknown
}

/** Stands right after the beginning: once it is gone, so is the transaction, whoever ended it. */
const guard = 'payproof'

/** Marks the transaction that `run` is in, and gives a way to complete that fails when it is not in it any more. */
export async function guarded(
  run: (text: string, values: unknown[]) => Promise<unknown>,
  complete: Complete,
): Promise<Complete> {
  await run(`SAVEPOINT ${guard}`, [])
  return async (...values) => {
    await run(`RELEASE SAVEPOINT ${guard}`, [])
    return complete(...values)
  }
}

/** Commits what `work` did, or rolls it back. `release` is told whether nobody knows any more what state the connection is in. */
export async function inTransaction(
  connection: PoolConnection,
  begin: readonly string[],
  release: (broken: boolean) => void,
  work: () => Promise<void>,
): Promise<void> {
  // Without a listener the end of the server would be the end of the process.
  const survive = () => {}
  connection.on('error', survive)
  let broken = false
  try {
    for (const statement of begin) await connection.query(statement)
    await work()
    assertCommitted(await connection.query('COMMIT'))
  } catch (error) {
    await connection.query('ROLLBACK').catch(() => {
      broken = true
    })
    throw error
  } finally {
    connection.off('error', survive)
    release(broken)
  }
}

/** PostgreSQL answers the commit of a transaction that has failed without an error: it says ROLLBACK. */
function assertCommitted(answer: unknown): void {
  const { command = 'COMMIT' } = (answer ?? {}) as { command?: unknown }
  if (command !== 'COMMIT') throw new Error('The transaction had failed, and was rolled back instead of committed.')
}

/** A name that can stand in a statement as it is. */
export function assertTable(table: string): void {
  if (/^(?:[a-z_][a-z0-9_]{0,50}\.)?[a-z_][a-z0-9_]{0,50}$/.test(table)) return
  throw misconfigured(
    'table',
    'must be a name of lower-case letters, digits and underscores, with a schema before a dot if need be.',
  )
}

export function noTransactions(store: string, takes: string): WebhookError {
  return misconfigured(
    `${store}(client, { transaction: true })`,
    `needs a connection of its own for each: hand in ${takes}.`,
  )
}
