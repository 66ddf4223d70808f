import { createServer } from 'node:http'
import { createReceiver, expectPayment, payqi } from 'payproof'
import { nodeWebhook } from 'payproof/node'
import { enqueue, processor } from 'payproof/pg-boss'
import { postgresStore } from 'payproof/stores/postgres'
import pg from 'pg'
import PgBoss from 'pg-boss'
import { findOrder } from '../orders.js'

const name = process.env.QUEUE ?? 'payments'
const connectionString = process.env.POSTGRES_URL ?? ''
const pool = new pg.Pool({ connectionString, max: 20 })
pool.on('error', console.error)
const store = postgresStore(pool, { transaction: true })
await store.ensureSchema()

const boss = new PgBoss({ connectionString, schema: process.env.BOSS_SCHEMA ?? 'pgboss' })
boss.on('error', console.error)
await boss.start()
// What has failed for days is kept in a queue of its own.
const deadLetter = `${name}-failed`
await boss.createQueue(deadLetter)
await boss.createQueue(name, { name, deadLetter })

const receiver = createReceiver({ provider: payqi({ secret: process.env.PAYQI_WEBHOOK_SECRET }), store })

// In the web server: job and "this event is handled" are committed together, or not at all.
createServer(nodeWebhook(receiver, enqueue(boss, name))).listen(Number(process.env.PORT ?? 3000))

// In the worker, best a process of its own, which pg-boss 10 may end when its connection ends: what is written through
// `context.tx` is committed together with "this job is handled".
const fulfil = processor(receiver, async (event) => {
  if (event.payment?.outcome !== 'succeeded') return
  const payment = expectPayment(event, await findOrder(event.payment))
  console.log('fulfil', payment)
})
await boss.work(name, fulfil)
