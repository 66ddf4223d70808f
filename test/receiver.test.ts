import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { caspay, createReceiver, kasperopay, memoryStore, mugglepay, payvost, type Report, WebhookError } from '../src'
import { hexHmac } from './support/deliveries'
import { rejection, thrown } from './support/errors'
import { createShop, faultyStore, forged, genuine, never, now, secret, sleep, until } from './support/shop'

const codes = (reports: Report[]) =>
  reports.map((report) => (report.type === 'delivery' ? (report.code ?? report.outcome) : report.type))

describe('close', () => {
  it('leaves what is handled to its completion, however long that takes', async () => {
    const store = memoryStore()
    const complete: typeof store.complete = (...values) => sleep(50).then(() => store.complete(...values))
    const { receiver } = createShop({ store: faultyStore({ complete }, store) })
    const handler = vi.fn()
    const received = receiver.receive(genuine(), handler)
    await sleep(5)
    expect(await receiver.close({ drainSeconds: 0.01 })).toBe(false)
    expect((await received).kind).toBe('processed')
    expect((await createShop({ store }).receiver.receive(genuine(), handler)).kind).toBe('duplicate')
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it('may be asked twice', async () => {
    const { receiver } = createShop()
    const received = receiver.receive(genuine(), () => sleep(30))
    await sleep(5)
    expect(await Promise.all([receiver.close({ drainSeconds: 5 }), receiver.close({ drainSeconds: 5 })])).toEqual([
      true,
      true,
    ])
    expect((await received).kind).toBe('processed')
  })

  it('lets no handler begin whose claim was on its way', async () => {
    const store = memoryStore()
    const slow = faultyStore({ claim: (...values) => sleep(50).then(() => store.claim(...values)) }, store)
    const { receiver } = createShop({ store: slow })
    const handler = vi.fn()
    const received = receiver.receive(genuine(), handler)
    await sleep(5)
    expect(await receiver.close()).toBe(true)
    expect(await received).toMatchObject({ kind: 'unavailable', error: { code: 'shutting_down' } })
    expect(handler).not.toHaveBeenCalled()
    expect((await createShop({ store }).receiver.receive(genuine(), handler)).kind).toBe('processed')
  })
})

/** A promise with a `then` of its own, as fluent clients have them. */
function fluent(calls: number): Promise<unknown> {
  const promise = Promise.resolve('order 1')
  const chained = (done?: (value: string) => unknown) => {
    for (let call = 0; call < calls; call++) queueMicrotask(() => done?.('order 1'))
    return promise
  }
  // biome-ignore lint/suspicious/noThenProperty: it is what is tested
  return Object.assign(promise, { then: chained }) as Promise<unknown>
}

describe('a store that does not count', () => {
  it('has every attempt be the first', async () => {
    const store = memoryStore()
    const claim = async (...values: Parameters<typeof store.claim>) => ({
      ...(await store.claim(...values)),
      attempt: null,
    })
    const { receiver } = createShop({ store: faultyStore({ claim: claim as never }, store), maxAttempts: 1 })
    const attempts: unknown[] = []
    const handler = (_event: unknown, { attempt }: { attempt: number }) => {
      attempts.push(attempt)
      throw new Error('no stock')
    }
    expect((await receiver.receive(genuine(), handler)).kind).toBe('dead_letter')
    expect(attempts).toEqual([1])
  })
})

describe("somebody else's promises", () => {
  it.each([1, 2])('a handler may give one that calls back %s times', async (calls) => {
    const { receiver, reports } = createShop()
    expect((await receiver.receive(genuine(), () => fluent(calls))).kind).toBe('processed')
    expect(codes(reports)).toEqual(['processed'])
  })

  it('a body may come in one that calls back twice and then throws', async () => {
    const { receiver, reports } = createShop()
    const handler = vi.fn()
    const { body, ...request } = genuine()
    let asked = 0
    const odd = {
      // biome-ignore lint/suspicious/noThenProperty: it is what is tested
      then(done: (value: unknown) => unknown) {
        if (++asked > 1) throw new Error('asked again')
        done(body)
        done(body)
        return odd
      },
    }
    const outcome = await receiver.receive({ ...request, body: () => odd as never }, handler)
    expect(outcome.kind).toBe('processed')
    expect(handler).toHaveBeenCalledTimes(1)
    expect(codes(reports)).toEqual(['processed'])
  })
})

describe('the outcome table', () => {
  it('processed: 200 with the acknowledgement, handler ran', async () => {
    const { receiver, reports } = createShop()
    const handler = vi.fn()
    const outcome = await receiver.receive(genuine(), handler)
    expect(outcome).toMatchObject({
      kind: 'processed',
      reply: { status: 200, body: 'OK' },
      event: { type: 'payment.completed', idempotencyKey: 'evt_1' },
    })
    expect(handler).toHaveBeenCalledTimes(1)
    expect(reports).toMatchObject([
      {
        type: 'delivery',
        outcome: 'processed',
        status: 200,
        eventType: 'payment.completed',
        idempotencyKey: 'evt_1',
        secretId: 'secret-1',
      },
    ])
  })

  it('duplicate: 200 with the same acknowledgement, handler not run', async () => {
    const { receiver } = createShop()
    const handler = vi.fn()
    const first = await receiver.receive(genuine(), handler)
    const second = await receiver.receive(genuine(), handler)
    expect(second.kind).toBe('duplicate')
    expect(second.reply).toEqual(first.reply)
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it('in progress: 409 with Retry-After', async () => {
    const { receiver } = createShop({ leaseSeconds: 20 })
    let finish = () => {}
    const slow = receiver.receive(genuine(), () => new Promise<void>((resolve) => (finish = resolve)))
    await sleep(5)
    const other = vi.fn()
    expect(await receiver.receive(genuine(), other)).toMatchObject({
      kind: 'in_progress',
      error: { code: 'in_progress' },
      reply: { status: 409, headers: { 'retry-after': '20' }, body: '{"error":"in_progress"}' },
    })
    expect(other).not.toHaveBeenCalled()
    finish()
    expect((await slow).kind).toBe('processed')
  })

  it('failed: 500 when the handler throws, and the next delivery is handled', async () => {
    const { receiver, reports } = createShop()
    const boom = new Error('no stock')
    const outcome = await receiver.receive(genuine(), () => {
      throw boom
    })
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'handler_failed', cause: boom },
      reply: { status: 500, body: '{"error":"handler_failed"}' },
    })
    expect(reports).toMatchObject([{ code: 'handler_failed', error: boom }])
    expect((await receiver.receive(genuine(), () => Promise.reject(null))).kind).toBe('failed')
    expect((await receiver.receive(genuine(), () => {})).kind).toBe('processed')
  })

  it('rejected for want of proof: 401, the same bytes for every reason', async () => {
    const { receiver, reports } = createShop()
    const handler = vi.fn()
    const old = genuine('evt_1', (body) => body.replace(/"created":\d+/, '"created":1500000000'))
    const unproven = [
      forged(),
      { ...genuine(), headers: [] },
      { ...genuine(), headers: { 'x-caspay-signature': 'test_signature' } },
      { ...genuine(), body: `${genuine().body} ` },
      old,
    ]
    const outcomes = await Promise.all(unproven.map((request) => receiver.receive(request, handler)))
    expect(new Set(outcomes.map(({ reply }) => JSON.stringify(reply)))).toEqual(
      new Set([
        '{"status":401,"headers":{"content-type":"application/json; charset=utf-8"},"body":"{\\"error\\":\\"unauthorized\\"}"}',
      ]),
    )
    expect(codes(reports).sort()).toEqual([
      'signature_malformed',
      'signature_mismatch',
      'signature_mismatch',
      'signature_missing',
      'timestamp_too_old',
    ])
    expect(handler).not.toHaveBeenCalled()
  })

  it.each([
    ['not JSON', 'hello', 400, 'payload_malformed'],
    ['too deep', '['.repeat(40), 400, 'payload_malformed'],
    ['a forbidden key', '{"__proto__":{}}', 400, 'payload_malformed'],
    ['a forbidden id', genuine('a b').body, 400, 'id_invalid'],
    ['broken data', genuine().body.replace('"p"', '7'), 422, 'payload_invalid'],
  ])('rejected though proven, %s: %s', async (_, body, status, code) => {
    const { receiver } = createShop()
    const handler = vi.fn()
    const outcome = await receiver.receive(
      genuine('x', () => body),
      handler,
    )
    expect(outcome).toMatchObject({
      kind: 'rejected',
      error: { code },
      reply: { status, body: JSON.stringify({ error: code }) },
    })
    expect(handler).not.toHaveBeenCalled()
  })

  it.each([
    ['too large', { body: 'x'.repeat(1025) }, 'rejected', 413, 'body_too_large'],
    ['too large by its own word', { headers: { 'content-length': '1025' } }, 'rejected', 413, 'body_too_large'],
    ['gzip', { headers: { 'content-encoding': 'gzip' } }, 'rejected', 415, 'content_encoding'],
    ['identity, gzip', { headers: { 'Content-Encoding': 'identity, gzip' } }, 'rejected', 415, 'content_encoding'],
    ['GET', { method: 'GET' }, 'misuse', 405, 'method_not_allowed'],
    ['a parsed body', { body: { id: 'evt_1' } }, 'misuse', 500, 'body_already_parsed'],
    ['no body', { body: undefined }, 'misuse', 500, 'body_already_parsed'],
    ['no headers', { headers: undefined }, 'misuse', 500, 'configuration_invalid'],
  ])('%s', async (_, change, kind, status, code) => {
    const { receiver } = createShop({ maxBodyBytes: 1024 })
    const outcome = await receiver.receive({ ...genuine(), ...change } as never, never)
    expect(outcome).toMatchObject({ kind, error: { code }, reply: { status } })
    if (status === 405) expect(outcome.reply.headers['allow']).toBe('POST')
  })

  it('takes identity, an exact fit, and a body as string, bytes or function', async () => {
    const { receiver } = createShop({ maxBodyBytes: genuine('evt_1').body.length })
    const { body, headers } = genuine('evt_1')
    for (const form of [body, Buffer.from(body), async () => Buffer.from(body)]) {
      expect(
        (await receiver.receive({ headers: [...headers, ['content-encoding', 'identity']], body: form }, () => {}))
          .reply.status,
      ).toBe(200)
    }
  })

  it('unavailable: 503 with Retry-After when the store fails, handler not run', async () => {
    for (const claim of [
      () => Promise.reject(new Error('down')),
      () => {
        throw new Error('down')
      },
      never,
    ]) {
      const { receiver } = createShop({ store: faultyStore({ claim }), storeTimeoutMs: 20 })
      const handler = vi.fn()
      expect(await receiver.receive(genuine(), handler)).toMatchObject({
        kind: 'unavailable',
        error: { code: 'store_unavailable' },
        reply: { status: 503, headers: { 'retry-after': '5' } },
      })
      expect(handler).not.toHaveBeenCalled()
    }
  })

  it('over the answer deadline: 503 at once, the handler goes on and is recorded', async () => {
    const { receiver, reports } = createShop({ answerWithinMs: 20 })
    let finish = () => {}
    const outcome = await receiver.receive(genuine(), () => new Promise<void>((resolve) => (finish = resolve)))
    expect(outcome).toMatchObject({ kind: 'in_progress', error: { code: 'handler_timeout' }, reply: { status: 503 } })
    finish()
    await until(() => reports.length === 2)
    expect(reports[1]).toMatchObject({ outcome: 'processed' })
    expect((await receiver.receive(genuine(), never)).kind).toBe('duplicate')
  })

  it('never rejects, whatever it is given', async () => {
    const { receiver } = createShop()
    for (const request of [
      undefined,
      null,
      7,
      {},
      { headers: 7, body: 7 },
      {
        headers: {
          get: () => {
            throw new Error('odd')
          },
        },
        body: '',
      },
      { headers: [], body: () => Promise.reject(new Error('odd')) },
    ]) {
      expect((await receiver.receive(request as never, never)).reply.status).toBeGreaterThanOrEqual(400)
    }
  })
})

describe('once', () => {
  it('100 copies at the same time: one run', async () => {
    const { receiver } = createShop()
    const handler = vi.fn(() => sleep(20))
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => receiver.receive(genuine(), handler)))
    expect(handler).toHaveBeenCalledTimes(1)
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual([...Array(99).fill('in_progress'), 'processed'])
  })

  it('whatever the handler does to the event, it is acknowledged and reported as it was', async () => {
    const { receiver, reports } = createShop()
    const outcome = await receiver.receive(genuine(), (event) => {
      for (const name of Object.keys(event)) delete (event as unknown as Record<string, unknown>)[name]
    })
    expect(outcome.reply.status).toBe(200)
    expect(reports).toMatchObject([{ outcome: 'processed', idempotencyKey: 'evt_1' }])
  })

  it.each<[string, (then: (resolve: unknown, reject: (error: Error) => void) => void) => object]>([
    ['that returns nothing', (then) => ({ then })],
    ['of a function, as proxies are', (then) => Object.assign(() => {}, { then })],
  ])('a handler is waited for by a `then` %s', async (_, make) => {
    const { receiver } = createShop()
    const late = () => make((_resolve, reject) => void sleep(5).then(() => reject(new Error('not paid'))))
    expect((await receiver.receive(genuine(), late)).kind).toBe('failed')
    expect((await receiver.receive(genuine(), () => {})).kind).toBe('processed')
  })

  it('a store that answers with a state there is not is unavailable', async () => {
    const { receiver } = createShop({ store: faultyStore({ claim: async () => ({ state: 'done' }) as never }) })
    expect((await receiver.receive(genuine(), never)).reply.status).toBe(503)
  })

  it('an event from the near future cannot be replayed when it is forgotten', async () => {
    const options = { maxEventAgeSeconds: 3600, leaseSeconds: 60, retentionSeconds: 3660 }
    expect(thrown(() => createShop(options)).hint).toContain('at least 3960')
  })

  it('the key is fixed before the handler runs', async () => {
    const { receiver } = createShop()
    await receiver.receive(genuine(), (event) => {
      Object.assign(event, { idempotencyKey: 'moved', id: 'moved' })
    })
    expect((await receiver.receive(genuine(), never)).kind).toBe('duplicate')
  })

  it('the same id from two providers or two accounts is two events', async () => {
    const store = memoryStore()
    const handler = vi.fn()
    const receivers = [createShop({ store }).receiver, createShop({ store, account: 'shop-2' }).receiver]
    for (const receiver of receivers) await receiver.receive(genuine(), handler)
    const body = `{"id":"evt_1","type":"payment.succeeded","created":${now / 1000},"data":{"object":{"id":"p","amount":1,"currency":"usd","status":"ok"}}}`
    await createReceiver({ provider: payvost({ secret }), store, now: () => now }).receive(
      { headers: { 'payvost-signature': hexHmac(secret, body) }, body },
      handler,
    )
    expect(handler).toHaveBeenCalledTimes(3)
  })
})

describe('the lease', () => {
  it('is renewed while the handler runs: three times the lease, one run', async () => {
    const { receiver } = createShop({ leaseSeconds: 0.6 })
    const handler = vi.fn(() => sleep(1800))
    const first = receiver.receive(genuine(), handler)
    for (let i = 0; i < 4; i++) {
      await sleep(400)
      expect((await receiver.receive(genuine(), handler)).kind).toBe('in_progress')
    }
    expect((await first).kind).toBe('processed')
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it('lost to another worker: the handler is told, the report says so, the owner is left alone', async () => {
    const inner = memoryStore()
    const store = faultyStore({ renew: async () => false, complete: async () => false }, inner)
    const { receiver, reports } = createShop({ store, leaseSeconds: 0.06 })
    let aborted = false
    const outcome = await receiver.receive(genuine(), async (_, { signal }) => {
      await until(() => signal.aborted)
      aborted = signal.aborted
    })
    expect(aborted).toBe(true)
    expect(outcome.reply.status).toBe(200)
    expect(codes(reports)).toEqual(['lease_lost', 'processed'])
  })

  it('lapsed, its handler told to stop: given back, since nobody may have the event', async () => {
    const inner = memoryStore()
    const store = faultyStore({ renew: () => Promise.reject(new Error('down')) }, inner)
    const { receiver } = createShop({ store, leaseSeconds: 0.06 })
    const outcome = await receiver.receive(genuine(), (_, { signal }) => until(() => signal.aborted))
    expect(outcome).toMatchObject({ kind: 'unavailable', error: { code: 'store_unavailable' }, reply: { status: 503 } })
    expect((await receiver.receive(genuine(), () => {})).kind).toBe('processed')
  })

  it('lapsed, and nobody was told: what the handler did is done', async () => {
    const inner = memoryStore()
    const store = faultyStore({ renew: () => Promise.reject(new Error('down')) }, inner)
    const { receiver } = createShop({ store, leaseSeconds: 0.06 })
    expect((await receiver.receive(genuine(), () => sleep(150))).kind).toBe('processed')
    expect((await receiver.receive(genuine(), () => {})).kind).toBe('duplicate')
  })

  it('is given up when it could not be renewed for its whole length', async () => {
    const { receiver, reports } = createShop({
      store: faultyStore({ renew: () => Promise.reject(new Error('down')) }),
      leaseSeconds: 0.06,
    })
    await receiver.receive(genuine(), (_, { signal }) => until(() => signal.aborted))
    expect(codes(reports).filter((code) => code === 'lease_lost').length).toBe(1)
  })

  it('a renewal that comes back after the completion is no alarm', async () => {
    const inner = memoryStore()
    const renew = async (...args: Parameters<typeof inner.renew>) => {
      await sleep(60)
      return inner.renew(...args)
    }
    const { receiver, reports } = createShop({ store: faultyStore({ renew }, inner), leaseSeconds: 0.06 })
    await receiver.receive(genuine(), () => sleep(30))
    await sleep(100)
    expect(codes(reports)).toEqual(['processed'])
  })

  it('a completion that was recorded though its answer came late is no alarm', async () => {
    const inner = memoryStore()
    const complete = async (...args: Parameters<typeof inner.complete>) => {
      const done = await inner.complete(...args)
      await sleep(60)
      return done
    }
    const { receiver, reports } = createShop({ store: faultyStore({ complete }, inner), storeTimeoutMs: 20 })
    await receiver.receive(genuine(), () => {})
    await sleep(300)
    expect(codes(reports)).toEqual(['complete_failed', 'processed'])
  })

  it('a renewal that fails is reported and tried again', async () => {
    const renew = vi.fn(() => Promise.reject(new Error('down')))
    const { receiver, reports } = createShop({ store: faultyStore({ renew }), leaseSeconds: 0.06 })
    expect((await receiver.receive(genuine(), () => sleep(70))).kind).toBe('processed')
    expect(renew.mock.calls.length).toBeGreaterThanOrEqual(2)
    expect(codes(reports)).toContain('renew_failed')
  })

  it('a completion that fails is still a success, is tried again, and blocks duplicates meanwhile', async () => {
    const inner = memoryStore()
    let down = true
    const complete = vi.fn((...args: Parameters<typeof inner.complete>) =>
      down ? Promise.reject(new Error('down')) : inner.complete(...args),
    )
    const { receiver, reports } = createShop({ store: faultyStore({ complete }, inner), leaseSeconds: 5 })
    const handler = vi.fn()
    expect((await receiver.receive(genuine(), handler)).reply.status).toBe(200)
    expect((await receiver.receive(genuine(), handler)).kind).toBe('duplicate')
    down = false
    await until(() => complete.mock.calls.length === 2)
    expect(handler).toHaveBeenCalledTimes(1)
    expect(codes(reports)).toEqual(['complete_failed', 'processed', 'duplicate'])
    const { receiver: other } = createShop({ store: inner })
    expect((await other.receive(genuine(), handler)).kind).toBe('duplicate')
  })

  it('a completion that never succeeds is reported in the end', async () => {
    vi.useFakeTimers()
    const renew = vi.fn(async () => true)
    const { receiver, reports } = createShop({
      store: faultyStore({ renew, complete: () => Promise.reject(new Error('down')) }),
    })
    await receiver.receive(genuine(), () => {})
    await vi.advanceTimersByTimeAsync(3_500_000)
    expect(codes(reports)).toEqual(['complete_failed', 'processed'])
    expect(renew.mock.calls.length).toBeGreaterThan(100)
    await vi.advanceTimersByTimeAsync(200_000)
    expect(codes(reports)).toEqual(['complete_failed', 'processed', 'complete_lost'])
    vi.useRealTimers()
  })

  it('a hanging completion does not hold back the answer', async () => {
    const { receiver } = createShop({ store: faultyStore({ complete: never }), storeTimeoutMs: 20, leaseSeconds: 0.05 })
    expect((await receiver.receive(genuine(), () => {})).reply.status).toBe(200)
  })

  it('a claim granted after we stopped waiting is given back', async () => {
    const inner = memoryStore()
    const late = faultyStore(
      {
        claim: async (...args) => {
          const claim = await inner.claim(...args)
          await sleep(50)
          return claim
        },
      },
      inner,
    )
    const { receiver } = createShop({ store: late, storeTimeoutMs: 10 })
    expect((await receiver.receive(genuine(), never)).reply.status).toBe(503)
    await sleep(80)
    expect((await createShop({ store: inner }).receiver.receive(genuine(), () => {})).kind).toBe('processed')
  })

  it('a release that fails is reported, and the handler error is still the answer', async () => {
    const { receiver, reports } = createShop({ store: faultyStore({ release: never }), storeTimeoutMs: 20 })
    expect((await receiver.receive(genuine(), () => Promise.reject(new Error('x')))).kind).toBe('failed')
    expect(codes(reports)).toEqual(['release_failed', 'handler_failed'])
  })
})

describe('close', () => {
  it('begins nothing new, and waits for what runs', async () => {
    const { receiver, reports } = createShop()
    let finish = () => {}
    const first = receiver.receive(genuine(), () => new Promise<void>((resolve) => (finish = resolve)))
    await sleep(5)
    const closed = receiver.close({ drainSeconds: 5 })
    expect(await receiver.receive(genuine('evt_2'), never)).toMatchObject({
      kind: 'unavailable',
      error: { code: 'shutting_down' },
      reply: { status: 503, headers: { 'retry-after': '5' } },
    })
    finish()
    expect(await closed).toBe(true)
    expect((await first).kind).toBe('processed')
    expect(codes(reports)).toEqual(['shutting_down', 'processed'])
  })

  it('gives back what takes too long, and tells its handler', async () => {
    const store = memoryStore()
    const { receiver, reports } = createShop({ store })
    let told = false
    const slow = receiver.receive(genuine(), async (_, { signal }) => {
      await until(() => signal.aborted)
      told = true
      await sleep(50)
    })
    await sleep(5)
    expect(await receiver.close({ drainSeconds: 0.03 })).toBe(false)
    const attempts: number[] = []
    const other = createShop({ store }).receiver
    expect((await other.receive(genuine(), (_, { attempt }) => void attempts.push(attempt))).kind).toBe('processed')
    expect(attempts).toEqual([2])
    // It may have stopped half-way: the next delivery is for others to handle.
    expect(await slow).toMatchObject({ kind: 'unavailable', error: { code: 'shutting_down' }, reply: { status: 503 } })
    expect(told).toBe(true)
    expect(codes(reports)).toEqual(['shutting_down'])
  })

  it.each<[string, (work: Promise<void>) => unknown, string[]]>([
    ['waits for the handler that called it', (work) => work, ['handled', 'closed true']],
    ['does not wait for what that left behind', () => undefined, ['closed true']],
  ])('%s', async (_, returned, expected) => {
    const { receiver } = createShop()
    const order: string[] = []
    let closed: Promise<unknown> | undefined
    const outcome = await receiver.receive(genuine(), () => {
      closed = receiver.close({ drainSeconds: 5 }).then((all) => order.push(`closed ${all}`))
      return returned(sleep(20).then(() => void order.push('handled')))
    })
    await closed
    expect(outcome.kind).toBe('processed')
    expect(order).toEqual(expected)
  })

  it('waits for what is handled and not recorded yet', async () => {
    const inner = memoryStore()
    let fails = 1
    const complete = async (...asked: Parameters<typeof inner.complete>) => {
      if (fails-- > 0) throw new Error('down')
      return inner.complete(...asked)
    }
    const { receiver } = createShop({ store: faultyStore({ complete }, inner) })
    expect((await receiver.receive(genuine(), () => {})).kind).toBe('processed')
    expect(await receiver.close({ drainSeconds: 5 })).toBe(true)
    expect((await createShop({ store: inner }).receiver.receive(genuine(), never)).kind).toBe('duplicate')
  })

  it('waits for claims on their way to be given back', async () => {
    const inner = memoryStore()
    const claim = (...asked: Parameters<typeof inner.claim>) => sleep(100).then(() => inner.claim(...asked))
    const { receiver } = createShop({ store: faultyStore({ claim }, inner) })
    const first = receiver.receive(genuine(), never)
    await sleep(5)
    expect(await receiver.close({ drainSeconds: 0.01 })).toBe(false)
    expect((await createShop({ store: inner }).receiver.receive(genuine(), () => {})).kind).toBe('processed')
    expect((await first).kind).toBe('unavailable')
  })

  it.each([Number.POSITIVE_INFINITY, 30 * 86_400])('waits as long as it is asked to: %d s', async (drainSeconds) => {
    const { receiver } = createShop()
    const first = receiver.receive(genuine(), () => sleep(50))
    await sleep(5)
    expect(await receiver.close({ drainSeconds })).toBe(true)
    expect((await first).kind).toBe('processed')
  })

  it.each([Number.NaN, -1])('refuses to wait for %d s', async (drainSeconds) => {
    expect((await rejection(createShop().receiver.close({ drainSeconds }))).code).toBe('configuration_invalid')
  })

  it('with nothing to wait for ends at once', async () => {
    expect(await createShop().receiver.close()).toBe(true)
  })
})

describe('observe', () => {
  afterEach(() => vi.restoreAllMocks())

  it.each([
    [
      'throws',
      () => {
        throw new Error('x')
      },
    ],
    ['rejects', () => Promise.reject(new Error('x'))],
    ['hangs', never],
  ])('an observer that %s changes nothing', async (_, observe) => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const { receiver } = createShop({ observe })
    expect((await receiver.receive(genuine(), () => {})).reply.status).toBe(200)
    await sleep(10)
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('gives the raw bytes to those who ask, and to nobody else', async () => {
    const { receiver, reports } = createShop()
    const broken = genuine('evt_1', (body) => body.replace('"p"', '7'))
    await receiver.receive(broken, () => {})
    const report = reports.find(({ type }) => type === 'delivery')
    expect(report?.type === 'delivery' && Buffer.from(report.rawBody() ?? []).toString()).toBe(broken.body)
    expect(JSON.stringify(report) + inspect(report, { depth: 9 })).not.toContain('o_1')
  })

  it('holds nothing of secrets, signatures or bodies, and neither do errors and receivers', async () => {
    const { receiver, reports } = createShop()
    const requests = [
      genuine(),
      forged(),
      genuine('evt_2', (body) => body.replace('"p"', '7')),
      { ...genuine(), body: 'x' },
    ]
    const outcomes = await Promise.all(
      requests.map((request) => receiver.receive(request, () => Promise.reject(new Error('x')))),
    )
    const errors = outcomes.map((outcome) => ('error' in outcome ? outcome.error : undefined))
    const seen =
      inspect(
        { receiver, reports, errors, replies: outcomes.map(({ reply }) => reply) },
        { depth: 9, showHidden: true },
      ) + JSON.stringify({ receiver, reports, errors })
    for (const leak of [
      secret,
      hexHmac(secret, genuine().body),
      hexHmac(secret, 'x'),
      'o_1',
      forged().headers[0]?.[1] ?? '',
    ])
      expect(seen).not.toContain(leak)
  })

  it('by default writes problems to the console, a rejection once a minute per reason', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const receiver = createReceiver({ provider: caspay({ secret }), store: memoryStore(), now: () => now })
    for (let i = 0; i < 3; i++) await receiver.receive(forged(), never)
    await receiver.receive({ ...genuine(), headers: [] }, never)
    await receiver.receive(genuine(), () => {})
    await receiver.receive(genuine('evt_2'), () => Promise.reject(new Error('no stock')))
    expect(warn.mock.calls.map(([line]) => /"code":"(\w+)"/.exec(String(line))?.[1])).toEqual([
      'signature_mismatch',
      'signature_missing',
    ])
    for (let i = 0; i < 3; i++) await receiver.receive({ ...genuine(), method: 'GET' }, never)
    expect(warn).toHaveBeenCalledTimes(3)
    expect(error).toHaveBeenCalledTimes(1)
    expect(error.mock.calls[0]?.[1]).toMatchObject({ message: 'no stock' })
  })
})

describe("a handler's context", () => {
  it('has its signal also when it was copied', async () => {
    const { receiver } = createShop()
    const outcome = await receiver.receive(genuine(), (_event, context) => {
      const copy = { ...context }
      expect(copy.signal).toBeInstanceOf(AbortSignal)
      expect(copy.signal).toBe(context.signal)
      expect(Object.keys(copy).sort()).toEqual(['attempt', 'job', 'signal', 'tx'])
    })
    expect(outcome.kind).toBe('processed')
  })
})

describe('verify', () => {
  it('gives the event and touches no store', async () => {
    const { receiver, reports } = createShop({
      store: faultyStore({
        claim: () => {
          throw new Error('touched')
        },
      }),
    })
    expect(await receiver.verify(genuine())).toMatchObject({ type: 'payment.completed', id: 'evt_1' })
    expect(await receiver.verify(genuine())).toMatchObject({ id: 'evt_1' })
    expect(codes(reports)).toEqual(['verified', 'verified'])
  })
  it('throws a WebhookError', async () => {
    const { receiver, reports } = createShop()
    const error = await rejection(receiver.verify(forged()))
    expect(error).toBeInstanceOf(WebhookError)
    expect(error).toMatchObject({ code: 'signature_mismatch', status: 401, provider: 'caspay' })
    expect(codes(reports)).toEqual(['signature_mismatch'])
  })
})

describe('the acknowledgement', () => {
  it('is what the provider wants to read', async () => {
    const token = 'merchant-token-0123456789'
    const receiver = createReceiver({ provider: mugglepay({ token }), store: memoryStore() })
    const body = JSON.stringify({
      order_id: 'o',
      merchant_order_id: 'm',
      status: 'PAID',
      price_amount: '1',
      price_currency: 'USD',
      token,
    })
    expect((await receiver.receive({ headers: {}, body }, () => {})).reply).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: '{"status":200}',
    })
  })
})

describe('options', () => {
  const provider = caspay({ secret })
  const store = memoryStore()
  it.each([
    ['no provider', { store }, 'provider'],
    ['no store', { provider }, 'store'],
    ['half a store', { provider, store: { claim() {} } }, 'store'],
    ['a tolerance of NaN', { toleranceSeconds: Number.NaN }, 'toleranceSeconds'],
    ['a tolerance of 0', { toleranceSeconds: 0 }, 'toleranceSeconds'],
    ['a negative tolerance', { toleranceSeconds: -1 }, 'toleranceSeconds'],
    ['an infinite tolerance', { toleranceSeconds: Number.POSITIVE_INFINITY }, 'toleranceSeconds'],
    ['a tolerance as text', { toleranceSeconds: '300' }, 'toleranceSeconds'],
    ['a tolerance of two days', { toleranceSeconds: 172_800 }, 'toleranceSeconds'],
    ['no limit', { maxBodyBytes: 0 }, 'maxBodyBytes'],
    ['an infinite limit', { maxBodyBytes: Number.POSITIVE_INFINITY }, 'maxBodyBytes'],
    ['no lease', { leaseSeconds: 0 }, 'leaseSeconds'],
    ['a time-out beyond timers', { storeTimeoutMs: 2 ** 31 }, 'storeTimeoutMs'],
    ['an account that could run into the key', { account: 'a:b' }, 'account'],
    ['an observer that is none', { observe: 'x' }, 'observe'],
    ['a clock that is none', { now: 7 }, 'now'],
    ['a clock in seconds', { now: () => 1_790_000_000 }, 'now'],
    ['a memory shorter than the age it takes', { retentionSeconds: 3600 }, 'retentionSeconds'],
    ['a memory beyond the end of a database’s time', { retentionSeconds: 3.2e9 }, 'retentionSeconds'],
    ['an age beyond the memory', { maxEventAgeSeconds: 7 * 86_400 }, 'retentionSeconds'],
  ])('%s throws at construction, naming the option', (_, options, name) => {
    const given = 'store' in options || 'provider' in options ? options : { provider, store, ...options }
    const error = thrown(() => createReceiver(given as never))
    expect(error.code).toBe('configuration_invalid')
    expect(error.hint.startsWith(name)).toBe(true)
  })

  it("an age below the provider's retry horizon throws", () => {
    expect(
      thrown(() => createReceiver({ provider: payvost({ secret }), store, maxEventAgeSeconds: 3600 })).hint,
    ).toContain('payvost retries that long')
  })

  it('a clock that gives no number is no reason to take old deliveries', async () => {
    const { receiver } = createShop({ now: () => Number.NaN })
    expect((await receiver.receive(genuine(), never)).reply.status).toBe(500)
  })

  it('the defaults are sound for every provider', () => {
    for (const each of [provider, payvost({ secret }), mugglepay({ token: secret }), kasperopay({ merchantId: 'm' })])
      expect(() => createReceiver({ provider: each, store } as never)).not.toThrow()
  })
})
