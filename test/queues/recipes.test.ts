import { jetstreamManager } from '@nats-io/jetstream'
import { connect as connectNats } from '@nats-io/transport-node'
import { connect as connectRabbit } from 'amqplib'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import { expect, it } from 'vitest'
import { freePort } from '../../chaos/daemon'
import { hexHmac, type Pairs } from '../support/deliveries'
import { type ServerProxy, startProxy } from '../support/proxy'
import { insist, run } from '../support/run'
import { post } from '../support/server'
import { describeOn, services } from '../support/services'
import { sleep } from '../support/shop'
import { afterwards, uniqueName } from './support'

const secret = 'whsec_0123456789abcdef'
const timeoutMs = 120_000
const fulfilled = "orderId: 'o_2'"

function paid(id: string, { signedWith = secret, order = 'o_2' } = {}) {
  const created = Math.floor(Date.now() / 1000)
  const body = `{"id":"${id}","type":"payment.completed","created":${created},"data":{"id":"p","amount":25.50,"currency":"XRP","status":"completed","metadata":{"order_id":"${order}"}}}`
  const headers: Pairs = [
    ['X-PayQI-Signature', hexHmac(signedWith, body)],
    ['X-PayQI-Timestamp', String(created)],
  ]
  return { headers, body }
}

/** Starts a recipe with its server behind a proxy, and forgets what it leaves in Redis. */
async function start(file: string, variable: string, server: string, env: NodeJS.ProcessEnv = {}) {
  const [name, port, proxy] = [uniqueName(), await freePort(), await startProxy(server)]
  afterwards(proxy.close)
  const shop = { QUEUE: name, PORT: String(port), PAYQI_WEBHOOK_SECRET: secret, [variable]: proxy.url }
  const { output, stop, exit } = run(`examples/${file}.ts`, { ...env, ...shop })
  const url = `http://127.0.0.1:${port}/webhooks/payqi`
  const runs = () => output.text.split(fulfilled).length - 1
  const send = (id: string, order?: string) => post(url, paid(id, { order })).then(({ status }) => status)
  afterwards(async () => {
    stop()
    await exit
  })
  afterwards(forgetEvents)
  expect((await insist(() => post(url, paid(`${name}_0`, { signedWith: 'another_secret_0123456789' })))).status).toBe(
    401,
  )
  return { name, proxy, output, runs, send, id: (number: number) => `${name}_${number}` }

  async function forgetEvents(): Promise<void> {
    const redis = new Redis(services.redis ?? '')
    const keys = await redis.keys(`*payqi::${name}_*`)
    if (keys.length > 0) await redis.del(...keys)
    redis.disconnect()
  }
}

// However busy the machine is.
const wait = { timeout: 30_000, interval: 200 }

/** Handled once though delivered twice; 503 while the queue is gone, and handled once it is back. */
async function drive(
  { proxy, runs, send, id, output }: Awaited<ReturnType<typeof start>>,
  settled: () => Promise<unknown> = async () => {},
): Promise<void> {
  await expect.poll(() => send(id(1)), wait).toBe(200)
  await expect.poll(() => send(id(1)), wait).toBe(200)
  await expect.poll(runs, wait).toBe(1)
  await settled()
  await cutAndWait(proxy, () => send(id(2)))
  await expect.poll(() => send(id(2)), wait).toBe(200)
  await expect.poll(runs, wait).toBe(2)
  expect(output.text).not.toContain(secret)
}

/** Jobs that fail again and again, as many as are worked at once, keep no other from being worked. */
async function starve({ runs, send, id, output }: Awaited<ReturnType<typeof start>>): Promise<void> {
  for (let number = 10; number < 20; number++) await expect.poll(() => send(id(number), 'o_unknown'), wait).toBe(200)
  await expect.poll(() => output.text.split('order_unknown').length, wait).toBeGreaterThan(10)
  const before = runs()
  await expect.poll(() => send(id(20)), wait).toBe(200)
  await expect.poll(runs, wait).toBe(before + 1)
}

async function cutAndWait(proxy: ServerProxy, send: () => Promise<number>): Promise<void> {
  await proxy.cut()
  expect(await send()).toBe(503)
  await proxy.open()
}

const [redis, nats, rabbitmq] = [services.redis, services.nats, services.rabbitmq]

describeOn('the BullMQ example', redis, (url) => {
  it(
    'hands on, and fulfils once',
    async () => {
      const shop = await start('bullmq', 'REDIS_URL', url)
      afterwards(async () => {
        const queue = new Queue(shop.name, { connection: new Redis(url, { maxRetriesPerRequest: null }) })
        await queue.obliterate({ force: true })
        await queue.close()
      })
      await drive(shop)
    },
    timeoutMs,
  )
})

describeOn('the NATS recipe', redis && nats, (url) => {
  it(
    'hands on, and fulfils once',
    async () => {
      const shop = await start('queues/nats', 'NATS_URL', nats ?? url, { REDIS_URL: redis })
      const connection = await connectNats({ servers: nats ?? '' })
      const manager = await jetstreamManager(connection)
      afterwards(async () => {
        await manager.streams.delete(shop.name)
        await connection.close()
      })
      await drive(shop)
      // One message for each event, and none that is not acknowledged.
      const left = async () => {
        const { state } = await manager.streams.info(shop.name)
        return [state.messages, state.last_seq]
      }
      await expect.poll(left, wait).toEqual([0, 2])
      await starve(shop)
    },
    timeoutMs,
  )
})

describeOn('the RabbitMQ recipe', redis && rabbitmq, (url) => {
  it(
    'hands on, fulfils once, and takes a queue that is gone for what it is',
    async () => {
      const shop = await start('queues/rabbitmq', 'RABBITMQ_URL', rabbitmq ?? url, { REDIS_URL: redis })
      const connection = await connectRabbit(rabbitmq ?? '')
      const channel = await connection.createChannel()
      afterwards(async () => {
        for (const name of ['', '.retry', '.failed']) await channel.deleteQueue(`${shop.name}${name}`)
        await connection.close()
      })
      await drive(shop)
      await starve(shop)
      // Gone while a job waits for its next try.
      await shop.proxy.cut()
      await sleep(6000)
      await shop.proxy.open()
      await expect.poll(() => shop.send(shop.id(21)), wait).toBe(200)
      await channel.sendToQueue(shop.name, Buffer.from('{}'))
      await expect.poll(async () => (await channel.checkQueue(`${shop.name}.failed`)).messageCount, wait).toBe(1)
      await channel.deleteQueue(shop.name)
      expect(await shop.send(shop.id(3))).toBe(503)
    },
    timeoutMs,
  )
})

describeOn('the pg-boss recipe', services.postgres, (url) => {
  it(
    'hands on, and fulfils once',
    async () => {
      const schema = uniqueName().replace('-', '_')
      const pool = new pg.Pool({ connectionString: url })
      await pool.query(`CREATE SCHEMA ${schema}`)
      afterwards(() => pool.end())
      afterwards(() => pool.query(`DROP SCHEMA ${schema} CASCADE`))
      const env = { PGOPTIONS: `-c search_path=${schema}`, BOSS_SCHEMA: `${schema}_boss` }
      afterwards(() => pool.query(`DROP SCHEMA IF EXISTS ${schema}_boss CASCADE`))
      // pg-boss 10 ends the process where its connection ends while it records that a job is done.
      const done = `SELECT 1 FROM ${schema}_boss.job WHERE state = 'completed'`
      const settled = () => expect.poll(async () => (await pool.query(done)).rowCount, wait).toBe(1)
      await drive(await start('queues/pg-boss', 'POSTGRES_URL', url, env), settled)
    },
    timeoutMs,
  )
})
