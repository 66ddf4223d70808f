import pg from 'pg'
import PgBoss from 'pg-boss'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type IdempotencyStore, memoryStore, type WebhookEvent } from '../../src'
import { type BossJob, enqueue, processor } from '../../src/queues/pg-boss'
import { postgresStore, type RunPostgres } from '../../src/stores/postgres'
import { describeOn, services } from '../support/services'
import { createShop, genuine } from '../support/shop'
import { genuineOf, uniqueName } from './support'

const schema = uniqueName().replace('-', '_')
const queue = 'payments'
// However busy the machine is.
const storeTimeoutMs = 20_000
const patient = { timeoutMs: 20_000 }

describeOn('pg-boss', services.postgres, (url) => {
  const pool = new pg.Pool({ connectionString: url, max: 20 })
  const sql = postgres(url, { max: 10, onnotice: () => {} })
  const boss = new PgBoss({ connectionString: url, schema })
  boss.on('error', () => {})
  const inPg = postgresStore(pool, { transaction: true, table: `${schema}.events` })
  const inPostgresJs = postgresStore(sql, { transaction: true, table: `${schema}.events` })
  const jobs = () => boss.fetch<object>(queue, { batchSize: 100, includeMetadata: true })

  beforeAll(async () => {
    await boss.start()
    await boss.createQueue(queue)
    await boss.createQueue('short', { name: 'short', policy: 'short' })
    await inPg.ensureSchema()
  })
  afterAll(async () => {
    await boss.stop({ graceful: false })
    await pool.query(`DROP SCHEMA ${schema} CASCADE`)
    await Promise.all([pool.end(), sql.end()])
  })

  const clients: [string, IdempotencyStore<pg.PoolClient | postgres.TransactionSql>][] = [
    ['pg', inPg],
    ['postgres.js', inPostgresJs],
  ]
  it.each(clients)('%s: fifty deliveries at once make one job, which the worker handles once', async (name, store) => {
    const shop = () => createShop({ store, storeTimeoutMs }).receiver
    const request = { ...genuineOf(1024 * 1024) }
    const send = genuine(name === 'pg' ? 'evt_pg' : 'evt_js')
    const onEvent = enqueue(boss, queue, patient)
    const kinds = (await Promise.all(Array.from({ length: 50 }, () => shop().receive(send, onEvent)))).map(
      (o) => o.kind,
    )
    expect(kinds.filter((kind) => kind === 'processed')).toHaveLength(1)
    const made = await jobs()
    expect(made).toMatchObject([{ name: queue, data: { provider: 'caspay' } }])
    // pg-boss itself would try three times, at once.
    expect(made).toMatchObject([{ retryLimit: 12, retryDelay: 60, retryBackoff: true }])
    const [keptSeconds] = made.map(({ keepUntil, createdOn }) => (Number(keepUntil) - Number(createdOn)) / 1000)
    expect(keptSeconds).toBeGreaterThanOrEqual(30 * 86_400 - 1)
    expect(made[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const seen: WebhookEvent[] = []
    const work = processor(shop(), (event) => void seen.push(event))
    for (let i = 0; i < 2; i++) await work(made as BossJob[])
    expect(seen).toEqual([await shop().verify(send)])
    expect((await shop().receive(request, onEvent)).kind).toBe('processed')
    const [large] = await jobs()
    await work([large as BossJob])
    expect(Buffer.from(seen[1]?.rawBody ?? []).equals(Buffer.from(request.body))).toBe(true)
    await pool.query(`TRUNCATE ${schema}.events`)
    await boss.clearStorage()
  })

  it('makes no job where the transaction is rolled back', async () => {
    const { receiver } = createShop({ store: inPg, storeTimeoutMs })
    const onEvent = enqueue(boss, queue, patient)
    const outcome = await receiver.receive(genuine('evt_back'), async (event, context) => {
      await onEvent(event, context)
      throw new Error('no')
    })
    expect(outcome.kind).toBe('failed')
    expect(await jobs()).toEqual([])
    expect((await receiver.receive(genuine('evt_back'), onEvent)).kind).toBe('processed')
    expect(await jobs()).toHaveLength(1)
  })

  it('runs in the transaction of an ORM', async () => {
    const rows = async (client: pg.PoolClient | pg.Pool, text: string, values: unknown[]) =>
      (await client.query(text, values)).rows
    const store = postgresStore(
      {
        query: (text, values) => rows(pool, text, values),
        async transaction(work: (tx: { orm: pg.PoolClient }, query: RunPostgres) => Promise<void>) {
          const client = await pool.connect()
          const query = (text: string, values: unknown[]) => rows(client, text, values)
          try {
            await client.query('BEGIN')
            await work({ orm: client }, query)
            await client.query('COMMIT')
          } finally {
            client.release()
          }
        },
      },
      { transaction: true, table: `${schema}.events` },
    )
    const execute = ({ orm }: { orm: pg.PoolClient }, text: string, values: unknown[]) => rows(orm, text, values)
    const { receiver } = createShop({ store, storeTimeoutMs })
    expect((await receiver.receive(genuine('evt_orm'), enqueue(boss, queue, { ...patient, execute }))).kind).toBe(
      'processed',
    )
    expect(await jobs()).toHaveLength(1)
  })

  it('refuses a store without transactions, a queue that is not there, and one that drops jobs', async () => {
    const hint = async (store: IdempotencyStore<unknown>, name: string, id: string) => {
      const { receiver } = createShop({ store: store as typeof inPg, storeTimeoutMs })
      const outcome = await receiver.receive(genuine(id), enqueue(boss, name, patient))
      return 'error' in outcome ? [outcome.reply.status, outcome.error.hint] : outcome.kind
    }
    expect(await hint(memoryStore(), queue, 'evt_1')).toEqual([
      503,
      expect.stringContaining('a store with transactions'),
    ])
    expect(await hint(inPg, 'nowhere', 'evt_1')).toEqual([503, expect.stringContaining('there is no queue nowhere')])
    expect(await hint(inPg, 'short', 'evt_2')).toBe('processed')
    expect(await hint(inPg, 'short', 'evt_3')).toEqual([503, expect.stringContaining('its policy drops jobs')])
  })

  it('throws for one job of a batch, and handles the others once', async () => {
    const { receiver } = createShop({ store: inPg, storeTimeoutMs })
    for (const id of ['evt_a', 'evt_b']) await receiver.receive(genuine(id), enqueue(boss, queue, patient))
    const batch = (await jobs()) as BossJob[]
    const ran: string[] = []
    const failing = processor(receiver, ({ id }) => {
      ran.push(id)
      if (id === 'evt_a' && ran.filter((one) => one === id).length === 1) throw new Error('no stock')
    })
    await expect(failing(batch)).rejects.toMatchObject({ code: 'handler_failed' })
    await failing(batch)
    expect(ran.sort()).toEqual(['evt_a', 'evt_a', 'evt_b'])
  })
})
