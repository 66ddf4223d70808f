import { Queue, Worker } from 'bullmq'
import express from 'express'
import { Redis } from 'ioredis'
import { createReceiver, expectPayment, payqi } from 'payproof'
import { enqueue, processor } from 'payproof/bullmq'
import { expressWebhook } from 'payproof/express'
import { redisStore } from 'payproof/stores/redis'
import { findOrder } from './orders.js'

const connection = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', { maxRetriesPerRequest: null })
connection.on('error', (error) => console.error(error.message))

const provider = payqi({ secret: process.env.PAYQI_WEBHOOK_SECRET })
const receiver = createReceiver({ provider, store: redisStore(connection) })
const name = process.env.QUEUE ?? 'payments'

// In the web server: answered 200 once Redis has the job, and 503 if it does not take it.
const queue = new Queue(name, { connection })
const app = express()
app.post('/webhooks/payqi', expressWebhook(receiver, enqueue(queue)))
app.listen(Number(process.env.PORT ?? 3000))

// In the worker, which may be a process of its own: once per event, and tried again until it is handled.
const fulfil = processor(receiver, async (event) => {
  if (event.payment?.outcome !== 'succeeded') return
  const payment = expectPayment(event, await findOrder(event.payment))
  console.log('fulfil', payment)
})
// BullMQ itself gives a job up whose worker was killed twice.
const worker = new Worker(name, fulfil, { connection, concurrency: 10, maxStalledCount: 100 })
worker.on('failed', (job, error) => console.error(job?.id, error.message))
