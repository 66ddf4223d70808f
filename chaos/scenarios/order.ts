import pg from 'pg'
import { createReceiver, ifNewer, type PaymentOutcome, rankOf, type WebhookEvent } from '../../src'
import { postgresStore } from '../../src/stores/postgres'
import type { Where } from '../backends/backend'
import { type Delivery, dated, payqiDelivery, providers } from '../deliveries'
import { type Bench, type Scenario, withBackend } from '../scenario'
import type { Cell } from '../table'
import { Promises } from '../tally'

const atOnce = 20

/** Writes an order's outcome, with a guard against what comes late. */
type Guard = (event: WebhookEvent, tx: pg.PoolClient, orders: string) => Promise<unknown>

const read = ({ payment }: WebhookEvent) => {
  if (payment?.orderId === undefined) throw new Error('no order')
  return { orderId: payment.orderId, outcome: payment.outcome }
}

const guards: Readonly<Record<'ifNewer' | 'rankOf' | 'none', Guard>> = {
  async ifNewer(event, tx, orders) {
    const { orderId } = read(event)
    const found = await tx.query(`SELECT outcome FROM ${orders} WHERE id = $1 FOR UPDATE`, [orderId])
    const newer = ifNewer(event, found.rows[0]?.outcome as PaymentOutcome | null)
    if (newer !== undefined) await tx.query(`UPDATE ${orders} SET outcome = $2 WHERE id = $1`, [orderId, newer.outcome])
  },
  rankOf(event, tx, orders) {
    const { orderId, outcome } = read(event)
    const update = `UPDATE ${orders} SET outcome = $2, rank = $3 WHERE id = $1 AND rank < $3`
    return tx.query(update, [orderId, outcome, rankOf(outcome)])
  },
  none(event, tx, orders) {
    const { orderId, outcome } = read(event)
    return tx.query(`UPDATE ${orders} SET outcome = $2 WHERE id = $1`, [orderId, outcome])
  },
}

export const order: Scenario = {
  name: 'order',
  promise:
    'Events may come in any order: with `ifNewer` or `rankOf` a paid order stays paid when an earlier event comes late.',
  method:
    'PostgreSQL in transaction mode. Three events for each order (created, pending, completed), all of them shuffled, 20 at once. Without a guard, beside it: what the last event said.',
  faults: ['other'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const guard of ['ifNewer', 'rankOf', 'none'] as const) {
      const used = bench.fault === undefined ? guard : 'none'
      const row = await withBackend(bench, 'postgres', (where) => measure(bench, where, guard, guards[used]))
      const [, orders, , paid] = row
      if (guard === 'none')
        promises.atMost('paid orders without a guard, or it shows nothing', Number(paid), Number(orders) - 1)
      else promises.equal(`${guard}: paid orders`, paid, orders)
      rows.push(row)
      bench.say(`order: ${guard} done`)
    }
    const head = ['guard', 'orders', 'events handled', 'paid in the end', 'not paid in the end']
    return { tables: [{ title: 'Events in any order', head, rows }], broken: promises.broken }
  },
}

async function measure(bench: Bench, { url, name }: Where, label: string, guard: Guard): Promise<Cell[]> {
  const pool = new pg.Pool({ connectionString: url, max: atOnce })
  const orders = `${name}_orders`
  const count = bench.count(1000, 200)
  try {
    await pool.query(`CREATE TABLE ${orders} (id text PRIMARY KEY, outcome text, rank int NOT NULL DEFAULT -1)`)
    await pool.query(`INSERT INTO ${orders} (id) SELECT 'order_' || n FROM generate_series(1, $1::int) n`, [count])
    const store = postgresStore(pool, { table: name, transaction: true })
    const receiver = createReceiver({ provider: providers.payqi(), store, storeTimeoutMs: 30_000, observe: () => {} })
    const deliver = async (delivery: Delivery) => {
      const request = { method: 'POST', headers: dated(delivery), body: delivery.body }
      return (await receiver.receive(request, (event, { tx }) => guard(event, tx, orders))).kind
    }
    const kinds = await inLanes(shuffled(eventsOf(count)), deliver)
    const paid = await pool.query(`SELECT count(*)::int AS n FROM ${orders} WHERE outcome = 'succeeded'`)
    const handled = kinds.filter((kind) => kind === 'processed').length
    return [label, count, handled, paid.rows[0].n, count - paid.rows[0].n]
  } finally {
    await pool.query(`DROP TABLE IF EXISTS ${orders}`)
    await pool.end()
  }
}

function eventsOf(orders: number): Delivery[] {
  const types = ['created', 'pending', 'completed']
  return Array.from({ length: orders }, (_, n) => `order_${n + 1}`).flatMap((order) =>
    types.map((type) => payqiDelivery(`${order}_${type}`, `payment.${type}`, order)),
  )
}

function shuffled<T>(list: readonly T[]): T[] {
  const keyed = list.map((item) => [Math.random(), item] as const)
  return keyed.sort(([a], [b]) => a - b).map(([, item]) => item)
}

async function inLanes<T, R>(list: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const waiting = list.values()
  const results: R[] = []
  const lane = async () => {
    for (const item of waiting) results.push(await work(item))
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return results
}
