import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  caspay,
  expectPayment,
  isWebhookError,
  type Job,
  memoryStore,
  payqi,
  WebhookError,
  type WebhookEvent,
} from '../../src'
import { enqueue, isHopeless, processor } from '../../src/queues/queue'
import { thrown } from '../support/errors'
import { createShop, genuine, never, secret } from '../support/shop'

describe('enqueue', () => {
  it('resolves once the job is taken, with the event beside it', async () => {
    const { receiver } = createShop()
    const sent: [Job, WebhookEvent][] = []
    const onEvent = enqueue((job, { event }) => void sent.push([job, event]))
    expect((await receiver.receive(genuine(), onEvent)).kind).toBe('processed')
    expect(sent).toMatchObject([[{ data: { id: 'evt_1' } }, { id: 'evt_1' }]])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    [
      'is not mounted well',
      () => {
        throw new WebhookError('configuration_invalid', 'no such queue')
      },
    ],
    ['hangs', never],
  ])('a queue that %s is 503, and the next delivery makes the same job', async (_, send) => {
    const { receiver } = createShop({ maxAttempts: 1 })
    expect(await receiver.receive(genuine(), enqueue(send, { timeoutMs: 50 }))).toMatchObject({
      kind: 'unavailable',
      error: { code: 'queue_unavailable' },
      reply: { status: 503 },
    })
    expect(
      (
        await receiver.receive(
          genuine(),
          enqueue(() => {}),
        )
      ).kind,
    ).toBe('processed')
  })

  it('tells the sending that nobody waits any more', async () => {
    const { receiver } = createShop()
    const signals: AbortSignal[] = []
    const hangs = enqueue(
      (_job, { signal }) => {
        signals.push(signal)
        return never()
      },
      { timeoutMs: 20 },
    )
    await receiver.receive(genuine(), hangs)
    await receiver.receive(
      genuine('evt_2'),
      enqueue((_job, { signal }) => void signals.push(signal)),
    )
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  })

  it('keeps what a client was sent out of its errors', async () => {
    const { receiver } = createShop()
    const outcome = await receiver.receive(
      genuine(),
      enqueue((job) => {
        throw Object.assign(new Error(`cannot send ${JSON.stringify(job)}`), { job })
      }),
    )
    const said = inspect(outcome.kind === 'unavailable' && outcome.error, { depth: 9 })
    expect(said).toContain('cannot send')
    expect(said).not.toContain(Buffer.from(genuine().body).toString('base64').slice(0, 40))
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a timeoutMs of %s', (timeoutMs) => {
    expect(thrown(() => enqueue(() => {}, { timeoutMs }))).toMatchObject({ code: 'configuration_invalid' })
  })
})

describe('processor', () => {
  async function jobOf(id = 'evt_1') {
    const jobs: Job[] = []
    await createShop().receiver.receive(
      genuine(id),
      enqueue((job) => void jobs.push(job)),
    )
    return JSON.parse(JSON.stringify(jobs[0]?.data)) as object
  }

  it('takes data, text and bytes, and handles them once per queue by one store', async () => {
    const { receiver } = createShop()
    const ran: string[] = []
    const data = await jobOf()
    const text = JSON.stringify(data)
    for (const given of [data, text, Buffer.from(text)])
      for (const queue of ['mails', 'ledger']) await processor(queue, receiver, () => void ran.push(queue))(given)
    expect(ran).toEqual(['mails', 'ledger'])
  })

  it('names the key by the queue, and nothing in the job can', async () => {
    const keys: string[] = []
    const inner = memoryStore()
    const store = {
      ...inner,
      claim: (key: string, leaseSeconds: number) => {
        keys.push(key)
        return inner.claim(key, leaseSeconds)
      },
    }
    const { receiver } = createShop({ store })
    const data = { ...(await jobOf()), queue: 'other', data: await jobOf('evt_2') }
    for (const name of ['mails', 'höhere Gewalt']) await processor(name, receiver, () => {})(data)
    expect(keys).toEqual(['mails/caspay::evt_1', expect.stringMatching(/^[0-9a-f]{64}\/caspay::evt_1$/)])
  })

  it('finds the receiver by the provider', async () => {
    const { receiver } = createShop()
    const other = createShop({ provider: payqi({ secret }) }).receiver
    const ran: string[] = []
    await processor('q', { payqi: other, caspay: receiver }, ({ provider }) => void ran.push(provider))(await jobOf())
    expect(ran).toEqual(['caspay'])
  })

  it.each<[string, (data: object) => unknown, string]>([
    ['no JSON', () => '{"rawBody', 'job_invalid'],
    ['no job', () => null, 'job_invalid'],
    ['one older than the store remembers', (data) => ({ ...data, receivedAt: '2026-01-01T00:00:00Z' }), 'job_invalid'],
  ])('gives up at once: %s', async (_, change, code) => {
    const { receiver } = createShop()
    const error = await processor('q', { caspay: receiver }, () => {})(change(await jobOf())).catch((error) => error)
    expect([isWebhookError(error) && error.code, isHopeless(error)]).toEqual([code, true])
  })

  it.each<[string, (data: object) => unknown, object, string]>([
    ['the receiver of its provider', (data) => ({ ...data, provider: 'toString' }), {}, 'job_misdirected'],
    ['the account', (data) => data, { account: 'eu' }, 'job_misdirected'],
    [
      'the new secret',
      (data) => data,
      { provider: caspay({ secret: 'the_one_before_0123456789' }) },
      'signature_mismatch',
    ],
  ])('has it tried again where the worker may only not have it yet: %s', async (_, change, options, code) => {
    const { receiver } = createShop(options)
    const error = await processor('q', { caspay: receiver }, () => {})(change(await jobOf())).catch((error) => error)
    expect([isWebhookError(error) && error.code, isHopeless(error)]).toEqual([code, false])
  })

  it('tells what may end better the next time', async () => {
    const { receiver } = createShop()
    const failing = (handler: (event: WebhookEvent) => void) =>
      jobOf()
        .then((data) => processor('q', receiver, handler)(data))
        .catch((error) => error)
    const wrong = (event: WebhookEvent) =>
      void expectPayment(event, { orderId: 'another', amount: '1', currency: 'CSPR' })
    const broken = () => {
      throw new Error('no stock')
    }
    expect([isHopeless(await failing(broken)), isHopeless(await failing(wrong)), isHopeless(new Error())]).toEqual([
      false,
      true,
      false,
    ])
    expect((await failing(wrong)).message).toContain('payment_unexpected')
    expect(await failing(() => {})).toBeUndefined()
  })
})
