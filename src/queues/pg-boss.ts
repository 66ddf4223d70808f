import type { HandlerContext } from '../attempt'
import { misconfigured, WebhookError } from '../errors'
import type { JobData } from '../job'
import { type HandOff, type HandOffOptions, handOff } from './hand-off'
import { type HandlerFor, type Receivers, work } from './work'

export type { HandOff, HandOffOptions } from './hand-off'
export type { HandlerFor, Receivers } from './work'

/** A `PgBoss`, version 10 or newer. */
export interface Boss {
  send(queue: string, data: JobData, options: object): Promise<string | null>
  getJobById(queue: string, id: string, options: { includeArchive: boolean; db: BossDatabase }): Promise<unknown>
}

/** What pg-boss runs its statements in. */
export interface BossDatabase {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
}

/** A `Job` of pg-boss. */
export interface BossJob {
  readonly name: string
  readonly data: unknown
}

/** The transaction of a `Pool` of `pg`. */
export interface PgTransaction {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
}

/** The transaction of the `sql` of `postgres`. */
export interface PostgresJsTransaction {
  unsafe(text: string, values: never[]): PromiseLike<unknown>
  typed(value: never, type: number): unknown
}

/** Runs one statement in a transaction and gives its rows. */
export type Execute<Tx> = (tx: Tx, text: string, values: unknown[]) => Promise<unknown[]>

/** What is left out is as the queue was created. */
export interface EnqueueOptions extends HandOffOptions {
  /** How often a job that failed is tried again, whatever the queue says. Default 12. */
  retryLimit?: number
  /** Before the first of them, in seconds. Default 60. */
  retryDelay?: number
  /** Whether each waits for longer than the one before. Default `true`: 12 take three to six days. */
  retryBackoff?: boolean
  expireInSeconds?: number
  priority?: number
  deadLetter?: string
  /** How long a job may wait for a worker, in seconds. Never shorter than the receiver's store remembers the event. */
  keepSeconds?: number
}

/**
 * A handler that sends every event to a queue of pg-boss in the store's own transaction: the job and "this event is handled" are
 * committed together, or not at all. Needs a store with transactions, in the database that pg-boss uses; with an ORM, `execute`.
 */
export function enqueue<Tx>(
  boss: Boss,
  queue: string,
  options: EnqueueOptions & { execute: Execute<Tx> },
): HandOff<HandlerContext<Tx>>
export function enqueue(
  boss: Boss,
  queue: string,
  options?: EnqueueOptions,
): HandOff<HandlerContext<PgTransaction | PostgresJsTransaction>>
export function enqueue<Tx>(
  boss: Boss,
  queue: string,
  { execute = executeInClient, ...options }: EnqueueOptions & { execute?: Execute<Tx> } = {},
): HandOff<HandlerContext<Tx>> {
  const { timeoutMs, keepSeconds: keep = 0, ...given } = options
  return handOff(timeoutMs === undefined ? {} : { timeoutMs }, async (_event, context, signal) => {
    const { id: jobId, keepSeconds, data } = context.job()
    const { tx } = context
    if (tx === undefined) throw noTransaction()
    const db: BossDatabase = {
      async executeSql(text, values = []) {
        // Too late: the transaction has ended, and its connection is somebody else's.
        signal.throwIfAborted()
        return { rows: await execute(tx, text, values) }
      },
    }
    const [id, kept] = [uuidOf(jobId), Math.max(keepSeconds, keep)]
    const times = { retentionSeconds: kept, deleteAfterSeconds: kept }
    const sent = await boss.send(queue, data, { ...retries, ...given, ...times, id, db })
    if (sent === null && !(await boss.getJobById(queue, id, { includeArchive: true, db }))) throw dropped(queue)
  })
}

/** pg-boss itself would try three times, at once: a database that is away for a second would be the end of a payment. */
const retries = { retryLimit: 12, retryDelay: 60, retryBackoff: true }

/**
 * The worker's side: `boss.work(queue, processor(receiver, handler))`. Calls the handler once per event and queue, also where the
 * receiver shares its store with the one that took the delivery. One job that fails has its whole batch tried again: those that
 * were handled are not handled again.
 */
export function processor<R extends Receivers>(
  receivers: R,
  handler: HandlerFor<R>,
): (jobs: readonly BossJob[]) => Promise<void> {
  return async (jobs) => {
    const ended = await Promise.allSettled(jobs.map(({ name, data }) => work(receivers, handler, name, data)))
    for (const end of ended) if (end.status === 'rejected') throw end.reason
  }
}

async function executeInClient(tx: unknown, text: string, values: unknown[]): Promise<unknown[]> {
  const client = tx as Partial<PgTransaction & PostgresJsTransaction>
  if (client.query !== undefined) return (await client.query(text, values)).rows
  if (client.unsafe !== undefined) return (await client.unsafe(text, values.map(postgresJs(client)))) as unknown[]
  throw misconfigured(
    'enqueue(boss, queue)',
    'does not know that transaction: give `execute: (tx, text, values) => rows`.',
  )
}

const textType = 25

/** postgres.js refuses `undefined`, and writes what is JSON already as JSON again. */
function postgresJs({ typed }: Partial<PostgresJsTransaction>): (value: unknown) => never {
  return (value) => {
    const isJson = typeof value === 'string' && /^[[{]/.test(value)
    return (isJson && typed !== undefined ? typed(value as never, textType) : (value ?? null)) as never
  }
}

/** UUID version 8 of the first bytes of a job's id. */
function uuidOf(id: string): string {
  const variant = ((Number.parseInt(id.slice(16, 17), 16) & 3) | 8).toString(16)
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-8${id.slice(13, 16)}-${variant}${id.slice(17, 20)}-${id.slice(20, 32)}`
}

function noTransaction(): WebhookError {
  return misconfigured(
    'enqueue(boss, queue)',
    'needs a store with transactions: postgresStore(pool, { transaction: true }) in the database of pg-boss.',
  )
}

function dropped(queue: string): WebhookError {
  return new WebhookError(
    'queue_unavailable',
    `pg-boss took no job, and has none by that id: there is no queue ${queue}, or its policy drops jobs. Create it with the policy standard.`,
  )
}
