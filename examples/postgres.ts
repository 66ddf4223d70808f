import { createServer } from 'node:http'
import { createReceiver, expectPayment, ifNewer, mugglepay } from 'payproof'
import { nodeWebhook } from 'payproof/node'
import { postgresStore } from 'payproof/stores/postgres'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env.POSTGRES_URL, max: 20 })
pool.on('error', console.error)
const store = postgresStore(pool, { transaction: true })
await store.ensureSchema()

const provider = mugglepay({ token: process.env.MUGGLEPAY_TOKEN })
const receiver = createReceiver({ provider, store, maxAttempts: 10 })

// What is written through `tx` is committed together with "this event is handled", or not at all.
const onEvent = nodeWebhook(receiver, async (event, { tx }) => {
  const select = 'SELECT id AS "orderId", amount, currency, outcome FROM orders WHERE id = $1 FOR UPDATE'
  const { rows } = await tx.query(select, [event.payment?.orderId])
  const order = rows[0]
  if (!order) throw new Error('no such order')
  // A late PENDING says less than the PAID that came before it.
  const payment = ifNewer(event, order.outcome)
  if (payment?.outcome === 'succeeded') expectPayment(event, order)
  if (payment) await tx.query('UPDATE orders SET outcome = $2 WHERE id = $1', [payment.orderId, payment.outcome])
})

const server = createServer(onEvent).listen(Number(process.env.PORT ?? 3000))
process.once('SIGTERM', async () => {
  server.close()
  await receiver.close({ drainSeconds: 10 })
  await pool.end()
})
