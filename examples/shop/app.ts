/** A web process: checkout, and the providers' webhooks, which it hands to the queue. Any number of them may run. */
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { fastifyWebhook } from 'payproof/fastify'
import { type Cart, cartSchema, checkOut, isOrderId } from './checkout'
import { need, readConfig } from './config'
import { openFront } from './front'
import { live } from './life'
import { insertOrder, readOrder } from './orders'
import { closeReceivers } from './receivers'
import { openDatabase, openRedis } from './servers'
import { openSpool } from './spool'

const config = readConfig()
const paymentsUrl = need('PAYMENTS_URL')
const pool = openDatabase(config.databaseUrl)
const redis = await openRedis(config.redisUrl)
const spool = await openSpool(need('SPOOL_FOLDER'), pool)
const front = openFront(config, redis, spool.keep)

const app = Fastify({
  logger: { level: 'warn' },
  // An amount that came as a number was rounded already: it is refused, not turned into text.
  ajv: { customOptions: { coerceTypes: false } },
  // Else Fastify answers 503 by itself while it closes, and what CasPay sends once is kept by nobody.
  return503OnClosing: false,
})
app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
  const status = error.statusCode ?? 503
  if (status >= 500) request.log.error(error)
  return reply.code(status).send({ error: status < 500 ? 'bad_request' : 'try_again' })
})

for (const [name, receiver] of Object.entries(front.receivers))
  app.register(fastifyWebhook(receiver, front.handOn), { prefix: `/webhooks/${name}` })

app.post<{ Body: Cart }>('/orders', { schema: { body: cartSchema } }, async ({ body }, reply) => {
  const order = await checkOut(config, paymentsUrl, body)
  await insertOrder(pool, order)
  return reply.code(201).send(order)
})

app.get<{ Params: { id: string } }>('/orders/:id', async ({ params }, reply) => {
  const order = isOrderId(params.id) ? await readOrder(pool, params.id) : undefined
  return order ?? reply.code(404).send({ error: 'no_such_order' })
})

// Up while it can take webhooks: for that the database is not needed.
app.get('/health', async (_, reply) => {
  const [queue, database] = await Promise.all([stateOf(redis.ping()), stateOf(pool.query('SELECT 1'))])
  return reply.code(queue === 'up' ? 200 : 503).send({ queue, database })
})

/** A server that is silent is down as well. */
function stateOf(answer: Promise<unknown>): Promise<'up' | 'down'> {
  const up = answer.then(
    () => 'up' as const,
    () => 'down' as const,
  )
  return Promise.race([up, sleep(1000, 'down' as const, { ref: false })])
}

await app.listen({ port: config.port, host: config.host })
live(async () => {
  await app.close()
  await closeReceivers(front.receivers)
  spool.stop()
  redis.disconnect()
  await pool.end()
})
