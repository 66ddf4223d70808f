import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import { Redis } from 'ioredis'
import { createReceiver, expectPayment, type Job, payqi } from 'payproof'
import { nodeWebhook } from 'payproof/node'
import { enqueue, isHopeless, processor } from 'payproof/queue'
import { redisStore } from 'payproof/stores/redis'
import { findOrder } from '../orders.js'

const name = process.env.QUEUE ?? 'payments'
const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379')
redis.on('error', (error) => console.error(error.message))
const provider = payqi({ secret: process.env.PAYQI_WEBHOOK_SECRET })
const receiver = createReceiver({ provider, store: redisStore(redis) })

let channel: ConfirmChannel | undefined
const returned = new Set<string>()

/** Resolves once RabbitMQ has the job on disk. It knows no ids: a second copy is for the worker's receiver to tell. */
function send({ id, data }: Job): Promise<void> {
  return new Promise((resolve, reject) => {
    if (channel === undefined) throw new Error('RabbitMQ is not connected.')
    const correlationId = randomUUID()
    const body = Buffer.from(JSON.stringify(data))
    const options = { persistent: true, mandatory: true, messageId: id, correlationId }
    channel.sendToQueue(name, body, options, (error) => {
      // What no queue takes is confirmed too, after it was returned.
      if (returned.delete(correlationId)) reject(new Error('RabbitMQ has no such queue.'))
      else if (error) reject(error)
      else resolve()
    })
  })
}

const fulfil = processor(name, receiver, async (event) => {
  if (event.payment?.outcome !== 'succeeded') return
  const payment = expectPayment(event, await findOrder(event.payment))
  console.log('fulfil', payment)
})

/** The worker: acknowledged once it is handled; else it goes through the queue where it waits. What is hopeless is kept apart. */
async function consume(channel: ConfirmChannel): Promise<void> {
  await channel.prefetch(10)
  await channel.consume(name, (message) => {
    if (message === null) return
    fulfil(message.content)
      .then(
        () => channel.ack(message),
        (error) => {
          console.error(error.message)
          if (!isHopeless(error)) return channel.nack(message, false, false)
          channel.sendToQueue(`${name}.failed`, message.content, { persistent: true }, (failure) => {
            if (!failure) channel.ack(message)
          })
        },
      )
      .catch((error) => console.error(error.message))
  })
}

/** A queue whose dead letters are not lost on their way to another. */
function quorum(deadLetterRoutingKey: string, rest: object = {}) {
  const strategy = { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' }
  const args = { 'x-queue-type': 'quorum', ...strategy, ...rest }
  return { durable: true, deadLetterExchange: '', deadLetterRoutingKey, arguments: args }
}

/** After every connection: the queues, the channel to write to, and the one to read from. */
async function setup(connection: ChannelModel): Promise<void> {
  const made = await connection.createConfirmChannel()
  await made.assertQueue(`${name}.failed`, { durable: true })
  await made.assertQueue(`${name}.retry`, quorum(name, { 'x-message-ttl': 5000 }))
  await made.assertQueue(name, quorum(`${name}.retry`))
  made.on('return', ({ properties }) => returned.add(properties.correlationId))
  made.on('close', () => {
    channel = undefined
  })
  channel = made
  await consume(await connection.createConfirmChannel())
}

const url = process.env.RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672'
const recovery = { setup, waitForConnect: false, maxDelay: 5000 }
const connection = await connect(url, { recovery })
connection.on('error', (error) => console.error(error.message))
connection.on('disconnect', () => console.error('RabbitMQ is gone: 503 until it is back'))
createServer(nodeWebhook(receiver, enqueue(send))).listen(Number(process.env.PORT ?? 3000))
