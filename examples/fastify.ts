import Fastify from 'fastify'
import { createReceiver, expectPayment, memoryStore, payqi } from 'payproof'
import { fastifyWebhook } from 'payproof/fastify'
import { findOrder } from './orders.js'

const provider = payqi({ secret: process.env.PAYQI_WEBHOOK_SECRET })
const receiver = createReceiver({ provider, store: memoryStore() })

const onEvent = fastifyWebhook(receiver, async (event, { request }) => {
  if (event.payment?.outcome === 'succeeded') {
    const payment = expectPayment(event, await findOrder(event.payment))
    request.log.info({ fulfil: payment })
  }
})

const app = Fastify({ logger: true })
app.register(onEvent, { prefix: '/webhooks/payqi' })
await app.listen({ port: Number(process.env.PORT ?? 3000) })
