import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { nodeWebhook } from '../../adapters/node'
import { createReceiver } from '../../src'
import { enqueue } from '../../src/queues/bullmq'
import { openBackend } from '../backends/backend'
import { providers } from '../deliveries'
import type { HandOffJob, QueueAt } from '../jobs'
import type { Role } from '../worker'
import { listen } from './serve'

/** A shop whose handler hands on, and nothing else. */
export async function handOver({ where, queue: at, leaseSeconds, dies, anyId, fault }: HandOffJob): Promise<Role> {
  const { store } = await openBackend(where)
  const { queue } = openQueue(at)
  const provider = providers.payqi()
  const receiver = createReceiver({ provider, store, leaseSeconds, observe: () => {} })
  const hand = enqueue(queue)
  const onEvent = nodeWebhook(receiver, async (event, context) => {
    if (fault === 'losesEffects') return
    if (anyId) await queue.add(event.provider, context.job().data)
    else await hand(event, context)
    if (!dies || context.attempt > 1) return
    process.kill(process.pid, 'SIGKILL')
    await sleep(60_000)
  })
  const server = await listen((req, res) => void onEvent(req, res))
  return { port: (server.address() as AddressInfo).port }
}

/** A client that comes back by itself, as soon as the server does. */
export function connect(url: string): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 100 })
  client.on('error', () => {})
  return client
}

export function openQueue({ url, name }: QueueAt) {
  const connection = connect(url)
  const queue = new Queue(name, { connection })
  queue.on('error', () => {})
  return {
    queue,
    async close() {
      await queue.close()
      connection.disconnect()
    },
  }
}
