import { createServer } from 'node:http'
import { AckPolicy, type JsMsg, jetstream, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream'
import { connect, nanos } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { createReceiver, expectPayment, payqi } from 'payproof'
import { nodeWebhook } from 'payproof/node'
import { enqueue, isHopeless, processor } from 'payproof/queue'
import { redisStore } from 'payproof/stores/redis'
import { findOrder } from '../orders.js'

const name = process.env.QUEUE ?? 'payments'
const weekMs = 7 * 86_400_000
const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379')
redis.on('error', (error) => console.error(error.message))
const nats = await connect({ servers: process.env.NATS_URL ?? '127.0.0.1:4222', maxReconnectAttempts: -1 })

const manager = await jetstreamManager(nats)
// The window is how long the stream knows an id: as long as the store remembers the event.
const duplicate_window = nanos(weekMs)
await manager.streams.add({ name, subjects: [name], retention: RetentionPolicy.Workqueue, duplicate_window })
// What waits for another try is pending, too: with a limit, as many failing jobs would keep all others waiting.
const limits = { ack_policy: AckPolicy.Explicit, ack_wait: nanos(60_000), max_ack_pending: -1 }
await manager.consumers.add(name, { durable_name: 'fulfilment', ...limits })
const stream = jetstream(nats)

const receiver = createReceiver({
  provider: payqi({ secret: process.env.PAYQI_WEBHOOK_SECRET }),
  store: redisStore(redis),
  // A job is a third larger than its body, and must fit into `max_payload`, 1 MiB unless the server says otherwise.
  maxBodyBytes: 700_000,
})

// In the web server: answered 200 once the stream has acknowledged the job, which it keeps in its file.
const onEvent = enqueue(({ id, data }) => stream.publish(name, JSON.stringify(data), { msgID: id }))
createServer(nodeWebhook(receiver, onEvent)).listen(Number(process.env.PORT ?? 3000))

// In the worker: acknowledged once it is handled; brought again otherwise, or when nobody has said anything for 60 s.
const fulfil = processor(name, receiver, async (event) => {
  if (event.payment?.outcome !== 'succeeded') return
  const payment = expectPayment(event, await findOrder(event.payment))
  console.log('fulfil', payment)
})
const work = (message: JsMsg) =>
  fulfil(message.data).then(
    () => message.ack(),
    (error) => {
      console.error(error.message)
      if (isHopeless(error)) message.term(error.code)
      else message.nak(Math.min(1000 * 2 ** message.info.deliveryCount, 3_600_000))
    },
  )

const working = new Set<Promise<void>>()
const consumer = await stream.consumers.get(name, 'fulfilment')
for await (const message of await consumer.consume({ max_messages: 10 })) {
  const ended = work(message).finally(() => working.delete(ended))
  working.add(ended)
  if (working.size === 10) await Promise.race(working)
}
