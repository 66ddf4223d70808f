import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createReceiver, type DeadLetter, type Job, memoryStore, payqi, WebhookError, type WebhookEvent } from '../src'
import { bodyOf, createProvider, providerNames, readFixtures } from './support/deliveries'
import { rejection } from './support/errors'
import { createShop, genuine, now, secret } from './support/shop'

/** As a queue in between leaves it. */
const carried = ({ data }: Job): unknown => JSON.parse(JSON.stringify(data))

/** The job that a handler makes of a delivery. */
async function jobFor(request = genuine(), options = {}): Promise<Job> {
  const { receiver } = createShop(options)
  const jobs: Job[] = []
  const outcome = await receiver.receive(request, (_event, { job }) => jobs.push(job()))
  if (jobs[0] === undefined) throw new Error(`no job: ${outcome.kind}`)
  return jobs[0]
}

describe('a job', () => {
  it('has an id of the event, a time to keep it, and the delivery', async () => {
    const { id, keepSeconds, data } = await jobFor(genuine('evt_1'), { account: 'eu', retentionSeconds: 700_000 })
    expect(id).toBe(createHash('sha256').update('caspay:eu:evt_1').digest('hex'))
    expect(keepSeconds).toBe(700_000)
    expect(data).toEqual({
      type: 'job',
      provider: 'caspay',
      account: 'eu',
      id: 'evt_1',
      wireType: 'payment.completed',
      attempts: 1,
      receivedAt: new Date(now).toISOString(),
      headers: { 'x-caspay-signature': genuine().headers[0]?.[1] },
      rawBody: Buffer.from(genuine('evt_1').body).toString('base64'),
    })
  })

  it('does not change with what the handler does to the event', async () => {
    const { receiver } = createShop()
    let job: Job | undefined
    await receiver.receive(genuine(), (event, context) => {
      event.rawBody.fill(0)
      Object.assign(event, { idempotencyKey: 'another' })
      job = context.job()
    })
    expect(job).toEqual(await jobFor())
  })

  it.each(providerNames)('gives the worker the event that the handler had, for every delivery of %s', async (name) => {
    for (const { settings, api, ...delivery } of readFixtures(name)) {
      const create = (at: number) =>
        createReceiver({
          provider: createProvider(name, settings, api),
          store: memoryStore(),
          now: () => at,
          observe() {},
        })
      const seen: { event?: WebhookEvent; job?: Job } = {}
      await create(delivery.now).receive({ headers: delivery.headers, body: bodyOf(delivery) }, (event, { job }) => {
        seen.event = event
        seen.job = job()
      })
      if (seen.job === undefined) throw new Error(`${name}: ${delivery.name} was not handled`)
      // Weeks later: a queue may be long.
      const decoded = await create(delivery.now + 60 * 86_400_000).decode(carried(seen.job))
      expect(decoded).toEqual(seen.event)
      expect(Buffer.from(decoded.rawBody)).toEqual(bodyOf(delivery))
    }
  })
})

describe('decode', () => {
  const code = async (data: unknown, options = {}) => (await rejection(createShop(options).receiver.decode(data))).code

  it('believes nothing that it cannot prove', async () => {
    const { data } = await jobFor()
    const rawBody = Buffer.from(genuine('evt_2').body).toString('base64')
    expect(await code({ ...data, rawBody })).toBe('signature_mismatch')
    expect(await code({ ...data, headers: {} })).toBe('signature_missing')
    const later = new Date(now + 30 * 86_400_000).toISOString()
    expect(await code({ ...data, receivedAt: later })).toBe('timestamp_too_old')
    expect((await createShop().receiver.decode({ ...data, id: 'another', wireType: 'x' })).id).toBe('evt_1')
  })

  it.each([undefined, null, '', 'evt_1', {}, [], { provider: 'caspay' }, new Map()])(
    'refuses what is no job: %j',
    async (data) => {
      expect(await code(data)).toBe('job_invalid')
    },
  )

  it('refuses the job of another provider or account', async () => {
    const job = await jobFor()
    expect(await code(job.data, { account: 'eu' })).toBe('job_misdirected')
    expect(await code(job.data, { provider: payqi({ secret }) })).toBe('job_misdirected')
  })

  it('reports what came of it', async () => {
    const { data } = await jobFor()
    const { receiver, reports } = createShop()
    await receiver.decode(data)
    await rejection(receiver.decode({}))
    expect(reports).toMatchObject([{ outcome: 'verified', idempotencyKey: 'evt_1' }, { code: 'job_invalid' }])
  })
})

describe('replay', () => {
  it('handles a job once per queue, also by the receiver that made it', async () => {
    const { receiver } = createShop()
    const made: Job[] = []
    await receiver.receive(genuine(), (_event, { job }) => made.push(job()))
    const data = made.map(carried)[0]
    const ran: string[] = []
    const work = async (queue: string) => (await receiver.replay({ queue, data }, () => void ran.push(queue))).kind
    expect([await work('mails'), await work('mails'), await work('ledger')]).toEqual([
      'processed',
      'duplicate',
      'processed',
    ])
    expect(ran).toEqual(['mails', 'ledger'])
  })

  it("does not take a job's data for a dead letter, whose event is handled", async () => {
    const data = carried(await jobFor()) as DeadLetter
    const outcome = await createShop().receiver.replay(data, () => {})
    expect(outcome).toMatchObject({ kind: 'misuse', error: { code: 'job_invalid' } })
  })

  it.each([
    ['a dead letter', async () => ({ queue: 'q', data: await letterOf() })],
    ['no name', async () => ({ queue: '', data: carried(await jobFor()) })],
    ['a text', async () => ({ queue: 'q', data: JSON.stringify((await jobFor()).data) })],
  ])('does not take %s for a job', async (_what, given) => {
    const outcome = await createShop().receiver.replay(await given(), () => {})
    expect(outcome).toMatchObject({ kind: 'misuse', error: { code: 'job_invalid' } })
  })

  async function letterOf(): Promise<unknown> {
    const letters: unknown[] = []
    const { receiver } = createShop({ onDeadLetter: (letter: unknown) => letters.push(letter) })
    await receiver.receive(genuine(), () => Promise.reject(new Error('no stock')))
    return JSON.parse(JSON.stringify(letters[0]))
  }
})

describe('a queue that is not there', () => {
  const down = () => {
    throw new WebhookError('queue_unavailable', 'The queue did not answer.')
  }

  it('is 503, and the next delivery is handed on', async () => {
    const { receiver } = createShop()
    const outcome = await receiver.receive(genuine(), down)
    expect(outcome).toMatchObject({ kind: 'unavailable', error: { code: 'queue_unavailable', provider: 'caspay' } })
    expect(outcome.reply).toMatchObject({ status: 503, body: '{"error":"queue_unavailable"}' })
    expect(outcome.reply.headers['retry-after']).toBe('5')
    expect((await receiver.receive(genuine(), () => {})).kind).toBe('processed')
  })

  it('does not use up the attempts of an event', async () => {
    const { receiver } = createShop({ maxAttempts: 1 })
    for (let i = 0; i < 5; i++) expect((await receiver.receive(genuine(), down)).kind).toBe('unavailable')
    expect((await receiver.receive(genuine(), () => {})).kind).toBe('processed')
  })

  it('is kept where nobody will bring the event again', async () => {
    const letters: unknown[] = []
    const { receiver } = createShop({ onDeadLetter: (letter: unknown) => letters.push(letter) })
    await receiver.receive(genuine(), down)
    expect(letters).toMatchObject([{ id: 'evt_1', reason: 'queue_unavailable' }])
    expect((await receiver.replay('evt_1', () => {})).kind).toBe('processed')
  })
})
