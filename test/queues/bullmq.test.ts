import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { hasRedis, startRedis } from '../../chaos/servers'
import { expectPayment, type JobData, memoryStore, type WebhookEvent } from '../../src'
import { enqueue, evenIfEvicted, processor } from '../../src/queues/bullmq'
import { startProxy } from '../support/proxy'
import { describeOn, services } from '../support/services'
import { createShop, faultyStore, genuine, until } from '../support/shop'
import { afterwards, createQueue, createWorker, genuineOf, lettersOf } from './support'

// However busy the machine is.
const patient = { timeoutMs: 20_000 }
const wait = { timeout: 20_000 }
const down = { kind: 'unavailable', error: { code: 'queue_unavailable' }, reply: { status: 503 } }
const waiting = (queue: ReturnType<typeof createQueue>) => queue.getJobCountByTypes('waiting')

describeOn('BullMQ', services.redis, (url) => {
  it('makes one job of a thousand copies, though a hundred stores know nothing of each other', async () => {
    const queue = createQueue(url)
    const shops = Array.from({ length: 100 }, () => createShop().receiver)
    const onEvent = enqueue(queue, patient)
    const copies = Array.from({ length: 10 }, () => shops).flat()
    const outcomes = await Promise.all(copies.map((receiver) => receiver.receive(genuine(), onEvent)))
    expect(outcomes.filter(({ kind }) => kind === 'processed').length).toBeGreaterThanOrEqual(100)
    expect(await waiting(queue)).toBe(1)
  })

  it('gives the worker the event, once, although both receivers share a store', async () => {
    const queue = createQueue(url)
    const { receiver } = createShop()
    const seen: WebhookEvent[] = []
    const request = genuineOf(1024 * 1024)
    expect((await receiver.receive(request, enqueue(queue, patient))).kind).toBe('processed')
    createWorker(
      url,
      queue,
      processor({ caspay: receiver }, (event) => void seen.push(event)),
    )
    await expect.poll(() => seen.length, wait).toBe(1)
    expect(seen).toEqual([await receiver.verify(request)])
    expect(Buffer.from(seen[0]?.rawBody ?? []).equals(Buffer.from(request.body))).toBe(true)
    // Brought again by a receiver that has forgotten it: the queue has not.
    expect((await createShop().receiver.receive(request, enqueue(queue, patient))).kind).toBe('processed')
    expect(await waiting(queue)).toBe(0)
    expect(seen).toHaveLength(1)
  })

  it('adds the same job where one died after adding it', async () => {
    const queue = createQueue(url)
    const { receiver } = createShop()
    const onEvent = enqueue(queue, patient)
    const dies = await receiver.receive(genuine(), async (event, context) => {
      await onEvent(event, context)
      throw new Error('killed')
    })
    expect([dies.kind, await waiting(queue)]).toEqual(['failed', 1])
    expect((await receiver.receive(genuine(), onEvent)).kind).toBe('processed')
    expect(await waiting(queue)).toBe(1)
  })

  it.each(['cut', 'silence'] as const)('%s: is 503 in time, and the next delivery makes one job', async (fault) => {
    const proxy = await startProxy(url)
    afterwards(proxy.close)
    const queue = createQueue(proxy.url, { removeBy: url })
    const { receiver } = createShop()
    const onEvent = enqueue(queue, { timeoutMs: 200 })
    expect((await receiver.receive(genuine('evt_0'), enqueue(queue, patient))).kind).toBe('processed')
    await proxy[fault]()
    // That it answers at all: BullMQ itself waits for as long as it takes.
    expect(await receiver.receive(genuine(), onEvent)).toMatchObject(down)
    await proxy.open()
    await expect
      .poll(async () => (await receiver.receive(genuine(), enqueue(queue, patient))).kind, wait)
      .toBe('processed')
    expect((await queue.getJobs(['waiting'])).map(({ data }) => data.id).sort()).toEqual(['evt_0', 'evt_1'])
  })

  it('keeps what CasPay will not bring again, and hands it on when it is replayed', async () => {
    const proxy = await startProxy(url)
    afterwards(proxy.close)
    const queue = createQueue(proxy.url, { removeBy: url })
    const { receiver } = createShop({ store: memoryStore() })
    const onEvent = enqueue(queue, { timeoutMs: 200 })
    await proxy.cut()
    expect(await receiver.receive(genuine(), onEvent)).toMatchObject(down)
    const letters = await lettersOf(receiver)
    expect(letters).toMatchObject([{ id: 'evt_1', reason: 'queue_unavailable' }])
    await proxy.open()
    await expect
      .poll(async () => (await receiver.replay('evt_1', enqueue(queue, patient))).kind, wait)
      .toBe('processed')
    expect(await waiting(queue)).toBe(1)
  })

  it("takes the merchant's options, but neither another id nor a shorter memory", async () => {
    const spoiled = {
      removeOnComplete: true,
      removeOnFail: true,
      attempts: 3,
      jobId: 'mine',
      deduplication: { id: 'one' },
    }
    const queue = createQueue(url, { defaultJobOptions: { ...spoiled, delay: 1 } })
    const { receiver } = createShop({ retentionSeconds: 700_000 })
    const options = { priority: 7, delay: 60_000, keepSeconds: 5, jobId: 'theirs' }
    for (const id of ['evt_1', 'evt_2']) await receiver.receive(genuine(id), enqueue(queue, { ...patient, ...options }))
    const jobs = await queue.getJobs(['delayed'])
    expect(jobs.map(({ id }) => /^w-[0-9a-f]{64}$/.test(id ?? ''))).toEqual([true, true])
    expect(jobs[0]?.name).toBe('caspay')
    expect(jobs[0]?.opts).toMatchObject({ attempts: 3, priority: 7, delay: 60_000 })
    expect(jobs[0]?.opts).toMatchObject({ removeOnComplete: { age: 700_000 }, removeOnFail: false })
  })

  it.each([
    ['its store does not answer', { store: faultyStore({ claim: () => Promise.reject(new Error('down')) }) }],
    [
      'another worker has it',
      { store: faultyStore({ claim: async () => ({ state: 'in_progress', retryAfterSeconds: 9 }) }) },
    ],
  ] as const)('has a job wait, and use up no attempt, while %s', async (_what, options) => {
    const queue = createQueue(url)
    const shop = createShop()
    await shop.receiver.receive(genuine(), enqueue(queue, { ...patient, attempts: 1 }))
    const troubled = createWorker(
      url,
      queue,
      processor(createShop(options).receiver, () => {}),
    )
    const delayed = async () => (await queue.getJobs(['delayed', 'failed']))[0]
    await expect.poll(async () => (await delayed())?.getState(), wait).toBe('delayed')
    await troubled.close()
    const job = await delayed()
    expect([job?.attemptsMade, job?.delay]).toEqual([0, expect.closeTo(15_000, -3)])
    await job?.promote()
    const seen: string[] = []
    createWorker(
      url,
      queue,
      processor(shop.receiver, ({ id }) => void seen.push(id)),
    )
    await expect.poll(() => seen, wait).toEqual(['evt_1'])
  })

  it('has failed jobs tried again, and hopeless ones not', async () => {
    const queue = createQueue(url)
    const { receiver } = createShop()
    const runs: string[] = []
    const ends: (string | undefined)[] = []
    const onEvent = enqueue(queue, { ...patient, attempts: 3, backoff: 1 })
    for (const id of ['evt_1', 'evt_2']) await receiver.receive(genuine(id), onEvent)
    const [firstJob] = await queue.getJobs(['waiting'])
    await queue.add('caspay', { ...firstJob?.data, rawBody: 7 }, { jobId: 'no job', attempts: 3 })
    const worker = createWorker(
      url,
      queue,
      processor(receiver, (event) => {
        runs.push(event.id)
        if (event.id === 'evt_1') expectPayment(event, { orderId: 'another', amount: '1', currency: 'CSPR' })
        throw new Error('no stock')
      }),
    )
    worker.on('failed', (job) => {
      if (job?.finishedOn !== undefined) ends.push(job.id === 'no job' ? job.id : (job.data as JobData).id)
    })
    await expect.poll(() => ends.length, wait).toBe(3)
    expect(ends.sort()).toEqual(['evt_1', 'evt_2', 'no job'])
    expect(runs.sort()).toEqual(['evt_1', 'evt_2', 'evt_2', 'evt_2'])
    expect(await lettersOf(receiver)).toEqual([])
  })
})

describeOn('a Redis of its own', hasRedis() ? 'here' : undefined, () => {
  it('is refused while it may drop jobs, or has too few replicas', async () => {
    const server = await startRedis()
    afterwards(server.stop)
    const queue = createQueue(server.url)
    const { receiver, reports } = createShop()
    const client = new Redis(server.url)
    afterwards(async () => client.disconnect())
    const setPolicy = (policy: string) => client.call('CONFIG', 'SET', 'maxmemory-policy', policy)
    await setPolicy('allkeys-lru')
    const onEvent = enqueue(queue, patient)
    expect(await receiver.receive(genuine(), onEvent)).toMatchObject(down)
    expect(reports[0]).toMatchObject({ hint: expect.stringContaining('maxmemory-policy is allkeys-lru') })
    expect(await waiting(queue)).toBe(0)
    expect((await receiver.receive(genuine('evt_2'), enqueue(queue, { ...patient, allow: evenIfEvicted }))).kind).toBe(
      'processed',
    )
    await setPolicy('noeviction')
    expect((await receiver.receive(genuine(), onEvent)).kind).toBe('processed')
    const replicated = enqueue(queue, { ...patient, replicas: 1 })
    const alone = await receiver.receive(genuine('evt_3'), replicated)
    expect(alone).toMatchObject({ ...down, error: { hint: 'Only 0 of 1 Redis replicas have the job.' } })
  })
})

it('asks a Redis that does not tell to be vouched for', async () => {
  const { receiver } = createShop()
  const queue = {
    name: 'q',
    client: Promise.resolve({}),
    add: async (_: string, __: unknown, { jobId }: { jobId?: string }) => ({ id: jobId }),
  }
  const outcome = await receiver.receive(genuine(), enqueue(queue, patient))
  expect(outcome).toMatchObject({ ...down, error: { hint: expect.stringContaining('evenIfEvicted') } })
  expect((await receiver.receive(genuine(), enqueue(queue, { ...patient, allow: evenIfEvicted }))).kind).toBe(
    'processed',
  )
})

it('answers 503 for what was given back before the queue had it', async () => {
  const { receiver } = createShop()
  const added: unknown[] = []
  let answer: ((info: string) => void) | undefined
  const info = () => new Promise<string>((resolve) => (answer = resolve))
  const queue = {
    name: 'q',
    client: Promise.resolve({ info }),
    add: async (_: string, __: unknown, { jobId }: { jobId?: string }) => {
      added.push(jobId)
      return { id: jobId }
    },
  }
  const receiving = receiver.receive(genuine(), enqueue(queue, patient))
  await until(() => answer !== undefined)
  await receiver.close({ drainSeconds: 0 })
  answer?.('maxmemory_policy:noeviction')
  expect(await receiving).toMatchObject(down)
  expect(added).toEqual([])
})
