import { Queue } from 'bullmq'
import pg from 'pg'
import { type Tally, tally } from '../../../chaos/tally'
import { queueName } from '../front'
import type { Shop } from '../run/shop'
import { workerTable } from '../schema'
import type { ShopEvent } from './events'

/** What the shop itself says of what it did: read from its database and queue, not from its answers. */
export interface Books {
  /** Jobs that somebody still has to do. */
  waiting(): Promise<number>
  failedJobs(): Promise<number>
  /** Rows of the log, held against the payments that were made. */
  fulfilments(events: readonly ShopEvent[]): Promise<Tally>
  /** Orders that are not `succeeded`. */
  unpaid(): Promise<number>
  handledEvents(): Promise<number>
  close(): Promise<unknown>
}

export function openBooks({ databaseUrl, redis }: Shop): Books {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  pool.on('error', () => {})
  const queue = new Queue(queueName, { connection: { url: redis.url } })
  queue.on('error', () => {})
  const countOf = async (select: string) => Number((await pool.query(select)).rows[0]?.count)
  return {
    async waiting() {
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized')
      return Object.values(counts).reduce((sum, count) => sum + count, 0)
    },
    failedJobs: () => queue.getFailedCount(),
    async fulfilments(events) {
      const { rows } = await pool.query<{ order_id: string }>('SELECT order_id FROM fulfilments')
      const paid = events.filter((event) => event.paid).map(({ orderId }) => orderId)
      return tally(
        paid,
        rows.map((row) => row.order_id),
      )
    },
    unpaid: () => countOf("SELECT count(*) FROM orders WHERE outcome IS DISTINCT FROM 'succeeded'"),
    handledEvents: () => countOf(`SELECT count(*) FROM ${workerTable} WHERE state = 'done'`),
    close: () => Promise.all([pool.end(), queue.close()]),
  }
}
