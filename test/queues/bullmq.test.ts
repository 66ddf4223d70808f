import { afterEach, describe, expect, it } from 'vitest'
import { memoryStore, type WebhookEvent } from '../../src'
import { enqueue, processor } from '../../src/queues/bullmq'
import { services } from '../support/services'
import { createShop, genuine, until } from '../support/shop'
import { createQueue, receive } from './support'

const open: { end(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.end()
})
function create(...args: Partial<Parameters<typeof createQueue>>) {
  const made = createQueue(args[0] ?? services.redis ?? '', args[1])
  open.push(made)
  return made
}

describe.skipIf(services.redis === undefined)('BullMQ', () => {
  it('makes one job of a thousand deliveries in a hundred processes', async () => {
    const { queue } = create()
    const shops = Array.from({ length: 100 }, () => createShop({ store: memoryStore() }))
    const outcomes = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => shops[i % 100]?.receiver.receive(genuine(), enqueue(queue))),
    )
    expect(outcomes.filter((outcome) => outcome?.kind === 'processed')).toHaveLength(100)
    expect(await queue.getJobCountByTypes('waiting')).toBe(1)
  })

  it('has the job handled once, although worker and receiver share a store', async () => {
    const { queue, work } = create()
    const store = memoryStore()
    const { receiver } = createShop({ store })
    const seen: WebhookEvent[] = []
    await receiver.receive(genuine(), enqueue(queue))
    work(processor(receiver, (event) => void seen.push(event)))
    await until(() => seen.length > 0)
    expect(seen).toMatchObject([{ id: 'evt_1', type: 'payment.completed' }])
    expect(Buffer.from(seen[0]?.rawBody ?? []).toString()).toBe(genuine().body)
    // Delivered again when it is long handled.
    expect((await receive(enqueue(queue))).kind).toBe('processed')
    expect(await queue.getJobCountByTypes('waiting')).toBe(0)
  })
})
