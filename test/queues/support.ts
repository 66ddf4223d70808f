import { randomUUID } from 'node:crypto'
import { Queue, type QueueOptions, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { afterEach } from 'vitest'
import type { DeadLetter, Receiver } from '../../src'
import { genuine } from '../support/shop'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end()
})

/** Calls it after the test. */
export function afterwards(end: () => Promise<unknown>): void {
  open.push(end)
}

export const uniqueName = () => `payproof-${randomUUID().slice(0, 8)}`

function connect(url: string): Redis {
  const connection = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
  connection.on('error', () => {})
  afterwards(async () => connection.disconnect())
  return connection
}

/** A queue of BullMQ under a name of its own, through this address, and removed through the other. */
export function createQueue(url: string, options: Partial<QueueOptions> & { removeBy?: string } = {}) {
  const { removeBy = url, ...settings } = options
  const name = uniqueName()
  const queue = new Queue(name, { ...settings, connection: connect(url) })
  queue.on('error', () => {})
  afterwards(async () => {
    const last = new Queue(name, { connection: connect(removeBy) })
    await last.obliterate({ force: true })
    await last.close()
  })
  return queue
}

/** Closed before its queue is removed. */
export function createWorker(url: string, queue: Queue, process: ConstructorParameters<typeof Worker<unknown>>[1]) {
  const worker = new Worker(queue.name, process, { connection: connect(url), concurrency: 4 })
  worker.on('error', () => {})
  afterwards(() => worker.close())
  return worker
}

/** A genuine delivery whose body has exactly so many bytes. */
export function genuineOf(bytes: number) {
  const rest = bytes - Buffer.byteLength(genuine('evt_1', withNote('')).body)
  return genuine('evt_1', withNote('x'.repeat(rest)))
}

const withNote = (note: string) => (body: string) => body.replace('{"id"', `{"note":"${note}","id"`)

export async function lettersOf(receiver: Receiver): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = []
  for await (const letter of receiver.deadLetters()) letters.push(letter)
  return letters
}
