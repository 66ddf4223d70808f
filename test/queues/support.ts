import { randomUUID } from 'node:crypto'
import { Queue, type QueueOptions, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { type IdempotencyStore, memoryStore } from '../../src'
import { createShop, genuine } from '../support/shop'

/** A queue of its own that leaves nothing behind. */
export function createQueue(url: string, options: Partial<QueueOptions> = {}) {
  const name = `payproof-${randomUUID().slice(0, 8)}`
  const connection = new Redis(url, { maxRetriesPerRequest: null })
  connection.on('error', () => {})
  const queue = new Queue(name, { ...options, connection })
  queue.on('error', () => {})
  const workers: Worker[] = []
  return {
    name,
    queue,
    work(process: ConstructorParameters<typeof Worker<unknown>>[1], settings = {}) {
      const worker = new Worker(name, process, {
        ...settings,
        connection: new Redis(url, { maxRetriesPerRequest: null }),
      })
      worker.on('error', () => {})
      workers.push(worker)
      return worker
    },
    async end(): Promise<void> {
      for (const worker of workers) await worker.close()
      await queue.obliterate({ force: true }).catch(() => {})
      await queue.close()
      connection.disconnect()
    },
  }
}

/** Receives one event through a hand-off, and says what became of it. */
export async function receive(
  onEvent: Parameters<ReturnType<typeof createShop>['receiver']['receive']>[1],
  id = 'evt_1',
  store: IdempotencyStore = memoryStore(),
) {
  return createShop({ store }).receiver.receive(genuine(id), onEvent)
}
