import { describe, expect, it, vi } from 'vitest'
import {
  createReceiver,
  type DeadLetter,
  type IdempotencyStore,
  kasperopay,
  memoryStore,
  payqi,
  type Report,
  WebhookError,
} from '../src'
import { bodyOf, createProvider, fixture, hexHmac, type Pairs, providerNames, readFixtures } from './support/deliveries'
import { thrown } from './support/errors'
import { createShop, faultyStore, forged, genuine, never, now, secret, sleep } from './support/shop'

/** A PayQI delivery: PayQI tries again, CasPay does not. */
function retried(id = 'evt_1') {
  const body = `{"id":"${id}","type":"payment.completed","created":${now / 1000},"data":{"id":"p_1","amount":5,"currency":"XRP","status":"completed","pay_address":"r"}}`
  const headers: Pairs = [
    ['X-PayQI-Signature', hexHmac(secret, body)],
    ['X-PayQI-Timestamp', String(now / 1000)],
    ['Authorization', 'Bearer of-somebody-else'],
  ]
  return { method: 'POST', headers, body }
}

const boom = () => {
  throw new Error('no stock')
}
const listed = async (receiver: { deadLetters(): AsyncIterable<DeadLetter> }) => {
  const letters: DeadLetter[] = []
  for await (const letter of receiver.deadLetters()) letters.push(letter)
  return letters
}

describe('a delivery that fails', () => {
  const shop = (options = {}) => createShop({ provider: payqi({ secret }), ...options })

  it('is kept with its raw bytes, and dropped when a later one is handled', async () => {
    const { receiver } = shop()
    expect((await receiver.receive(retried(), boom)).reply.status).toBe(500)
    const [letter, ...others] = await listed(receiver)
    expect(others).toEqual([])
    expect(letter).toMatchObject({
      provider: 'payqi',
      account: '',
      id: 'evt_1',
      wireType: 'payment.completed',
      attempts: 1,
      reason: 'handler_failed',
      receivedAt: new Date(now),
    })
    expect(Buffer.from(letter?.rawBody ?? []).toString()).toBe(retried().body)
    expect((await receiver.receive(retried(), () => {})).kind).toBe('processed')
    expect(await listed(receiver)).toEqual([])
  })

  it('is kept with the headers of its proof alone', async () => {
    const { receiver } = shop()
    await receiver.receive(retried(), boom)
    const [letter] = await listed(receiver)
    expect(Object.keys(letter?.headers ?? {}).sort()).toEqual(['x-payqi-signature', 'x-payqi-timestamp'])
  })

  it('is given up after maxAttempts: acknowledged, kept, handed to the hook once', async () => {
    const onDeadLetter = vi.fn()
    const { receiver, reports } = shop({ maxAttempts: 3, onDeadLetter })
    const handler = vi.fn(boom)
    const kinds: string[] = []
    for (let i = 0; i < 3; i++) kinds.push((await receiver.receive(retried(), handler)).kind)
    expect(kinds).toEqual(['failed', 'failed', 'dead_letter'])
    expect(onDeadLetter.mock.calls).toMatchObject([[{ id: 'evt_1', attempts: 3, reason: 'handler_failed' }]])
    const last = await receiver.receive(retried(), handler)
    expect(last).toMatchObject({ kind: 'dead_letter', error: { code: 'attempts_exhausted' }, reply: { status: 200 } })
    expect(handler).toHaveBeenCalledTimes(3)
    expect(reports.at(-1)).toMatchObject({ outcome: 'dead_letter', status: 200, code: 'attempts_exhausted' })
    expect(await listed(receiver)).toHaveLength(1)
  })

  it('does not keep others from being handled', async () => {
    const { receiver } = shop({ maxAttempts: 1 })
    await receiver.receive(retried('evt_poison'), boom)
    expect((await receiver.receive(retried('evt_2'), () => {})).kind).toBe('processed')
    expect((await listed(receiver)).map(({ id }) => id)).toEqual(['evt_poison'])
  })

  it('is given up without running once crashes have used up its attempts twice', async () => {
    const store = memoryStore()
    for (let i = 0; i < 4; i++) {
      await store.claim('payqi::evt_1', 0.01)
      await sleep(20)
    }
    const handler = vi.fn()
    const { receiver } = shop({ store, maxAttempts: 2 })
    expect((await receiver.receive(retried(), handler)).kind).toBe('dead_letter')
    expect(handler).not.toHaveBeenCalled()
  })

  it('is not given up for claims that were granted too late', async () => {
    const store = memoryStore()
    const slow = faultyStore({ claim: (...asked) => sleep(30).then(() => store.claim(...asked)) }, store)
    const down = shop({ store: slow, maxAttempts: 2, storeTimeoutMs: 10 }).receiver
    for (let i = 0; i < 6; i++) {
      expect((await down.receive(retried(), never)).kind).toBe('unavailable')
      await sleep(40)
    }
    expect(await listed(down)).toMatchObject([{ attempts: 6, reason: 'store_unavailable' }])
    const { receiver } = shop({ store, maxAttempts: 2 })
    const kinds: string[] = []
    for (let i = 0; i < 2; i++) kinds.push((await receiver.receive(retried(), boom)).kind)
    expect(kinds).toEqual(['failed', 'dead_letter'])
  })

  it('is given back when a claim comes too late, though its letter cannot be read', async () => {
    const store = memoryStore()
    const claim = (...asked: Parameters<typeof store.claim>) => sleep(30).then(() => store.claim(...asked))
    const unreadable = { ...store.letters, get: never } as NonNullable<typeof store.letters>
    const slow = faultyStore({ claim, letters: unreadable }, store)
    const { receiver } = shop({ store: slow, maxAttempts: 2, storeTimeoutMs: 10 })
    expect((await receiver.receive(retried(), never)).kind).toBe('unavailable')
    await sleep(80)
    expect((await shop({ store }).receiver.receive(retried(), () => {})).kind).toBe('processed')
  })

  it('uses up no attempt while a queue is down', async () => {
    const { receiver } = shop({ maxAttempts: 3 })
    const down = () => {
      throw new WebhookError('queue_unavailable', 'down')
    }
    const kinds: string[] = []
    for (const handler of [boom, ...Array(7).fill(down), boom, boom])
      kinds.push((await receiver.receive(retried(), handler)).kind)
    expect(kinds).toEqual(['failed', ...Array(7).fill('unavailable'), 'failed', 'dead_letter'])
    expect(await receiver.receive(retried(), never)).toMatchObject({ error: { code: 'attempts_exhausted' } })
  })

  it('is not acknowledged while nobody has kept it', async () => {
    const store = memoryStore()
    const onDeadLetter = vi.fn(() => Promise.reject(new Error('disk full')))
    const { receiver, reports } = shop({
      store: faultyStore({ release: () => Promise.reject(new Error('down')) }, store),
      maxAttempts: 1,
      onDeadLetter,
    })
    expect(await receiver.receive(retried(), boom)).toMatchObject({ kind: 'failed', reply: { status: 500 } })
    expect(reports.map(({ type }) => type)).toEqual(['release_failed', 'dead_letter_failed', 'delivery'])
  })

  it('is acknowledged when the hook has it, though the store keeps no letters', async () => {
    const { letters: _, ...store } = memoryStore()
    const saved: DeadLetter[] = []
    const { receiver } = shop({ store, maxAttempts: 1, onDeadLetter: (letter: DeadLetter) => saved.push(letter) })
    expect((await receiver.receive(retried(), boom)).kind).toBe('dead_letter')
    const [letter] = saved
    if (letter === undefined) return expect.unreachable()
    const text = JSON.stringify(letter)
    expect((await receiver.replay(JSON.parse(text), () => {})).kind).toBe('processed')
  })

  it('is not acknowledged, crashed or not, while nobody has kept it', async () => {
    const store = memoryStore()
    for (let i = 0; i < 4; i++) {
      await store.claim('payqi::evt_1', 0.01)
      await sleep(20)
    }
    const down = faultyStore({ release: () => Promise.reject(new Error('down')) }, store)
    const { receiver } = shop({ store: down, maxAttempts: 2 })
    expect(await receiver.receive(retried(), boom)).toMatchObject({ kind: 'failed', reply: { status: 500 } })
    const { letters: _, ...withoutLetters } = memoryStore()
    const onDeadLetter = () => Promise.reject(new Error('disk full'))
    const hookFails = shop({ store: withoutLetters, maxAttempts: 1, onDeadLetter })
    for (let i = 0; i < 2; i++) expect((await hookFails.receiver.receive(retried(), boom)).reply.status).toBe(500)
  })

  it('is not given up for failures of the store', async () => {
    const store = memoryStore()
    const { receiver } = createShop<undefined>({
      provider: payqi({ secret }),
      store: { ...store, transaction: () => Promise.reject(new Error('too many connections')) },
      maxAttempts: 1,
    })
    for (let i = 0; i < 2; i++) expect((await receiver.receive(retried(), boom)).reply.status).toBe(503)
  })

  it('is kept in ASCII, whatever its type is called', async () => {
    const store = memoryStore()
    const { receiver } = shop({ store })
    const body = retried().body.replace('payment.completed', 'paiement.échoué')
    const headers = [['X-PayQI-Signature', hexHmac(secret, body)], ...retried().headers.slice(1)] as Pairs
    await receiver.receive({ method: 'POST', headers, body }, boom)
    expect((await store.letters?.get('payqi::evt_1'))?.text).toMatch(/^[\x20-\x7e]+$/)
    expect(await listed(receiver)).toMatchObject([{ wireType: 'paiement.échoué' }])
    expect((await receiver.replay('evt_1', () => {})).kind).toBe('processed')
  })

  it('is kept as it came, whatever the handler does to its bytes', async () => {
    const { receiver } = shop()
    await receiver.receive(retried(), (event) => {
      event.rawBody.reverse()
      throw new Error('no stock')
    })
    expect((await receiver.replay('evt_1', () => {})).kind).toBe('processed')
  })

  it('waits for no hook longer than storeTimeoutMs', async () => {
    const { receiver, reports } = shop({ maxAttempts: 1, storeTimeoutMs: 50, onDeadLetter: never })
    expect((await receiver.receive(retried(), boom)).kind).toBe('dead_letter')
    expect(reports.map(({ type }) => type)).toEqual(['dead_letter_failed', 'delivery'])
  })
})

describe('a provider that delivers once', () => {
  it('has its event kept before the handler runs, but where it would end with the process', async () => {
    const store = { ...memoryStore(), volatile: false }
    const { receiver } = createShop({ store, leaseSeconds: 0.3 })
    void receiver.receive(genuine(), never)
    await sleep(20)
    expect((await store.letters?.get('caspay::evt_1'))?.attempts).toBe(1)
    expect(await listed(receiver)).toEqual([])
  })

  it('has it listed when the process ended before its handler did', async () => {
    const store = { ...memoryStore(), volatile: false }
    const crashed = createShop({ store: faultyStore({ renew: never }, store), leaseSeconds: 0.1 })
    void crashed.receiver.receive(genuine(), never)
    await sleep(150)
    const { receiver } = createShop({ store })
    expect(await listed(receiver)).toMatchObject([{ id: 'evt_1', attempts: 1 }])
    expect((await listed(receiver))[0]).not.toHaveProperty('reason')
    expect((await receiver.replay('evt_1', () => {})).kind).toBe('processed')
    expect(await listed(receiver)).toEqual([])
  })

  it('has its first failure answered 500, kept, and handed to the hook', async () => {
    const onDeadLetter = vi.fn()
    const { receiver } = createShop({ onDeadLetter })
    expect(await receiver.receive(genuine(), boom)).toMatchObject({ kind: 'failed', reply: { status: 500 } })
    expect(onDeadLetter).toHaveBeenCalledTimes(1)
    expect(await listed(receiver)).toMatchObject([{ id: 'evt_1', reason: 'handler_failed', attempts: 1 }])
  })

  it.each([
    ['the store is down', faultyStore({ claim: () => Promise.reject(new Error('down')) }), 'store_unavailable'],
    ['the store is silent', faultyStore({ claim: never }), 'store_unavailable'],
  ])('has it handed to the hook when %s', async (_, store, reason) => {
    const saved: DeadLetter[] = []
    const { receiver } = createShop({
      store,
      storeTimeoutMs: 50,
      onDeadLetter: (letter) => {
        saved.push(letter)
      },
    })
    expect((await receiver.receive(genuine(), () => {})).reply.status).toBe(503)
    expect(saved).toMatchObject([{ id: 'evt_1', reason }])
    expect(Buffer.from(saved[0]?.rawBody ?? []).toString()).toBe(genuine().body)
  })

  it('has it handed to the hook while the receiver closes', async () => {
    const onDeadLetter = vi.fn()
    const { receiver } = createShop({ onDeadLetter })
    await receiver.close()
    expect((await receiver.receive(genuine(), () => {})).reply.status).toBe(503)
    expect(onDeadLetter.mock.calls).toMatchObject([[{ reason: 'shutting_down' }]])
  })

  it('has what is signed and cannot be read handed to the hook', async () => {
    const saved: DeadLetter[] = []
    const { receiver } = createShop({ onDeadLetter: (letter) => saved.push(letter) })
    const unreadable = genuine('evt_1', (body) => body.replace('"p"', '7'))
    expect((await receiver.receive(unreadable, boom)).reply.status).toBe(422)
    expect(saved).toMatchObject([{ reason: 'payload_invalid', id: expect.stringMatching(/^sha256:/) }])
    expect(Buffer.from(saved[0]?.rawBody ?? []).toString()).toBe(unreadable.body)
    expect(await receiver.replay(saved[0] ?? '', boom)).toMatchObject({ error: { code: 'payload_invalid' } })
  })

  it('hands over nothing that is forged, a duplicate, or being handled', async () => {
    const onDeadLetter = vi.fn()
    const { receiver } = createShop({ onDeadLetter })
    let finish = () => {}
    const slow = receiver.receive(genuine(), () => new Promise<void>((resolve) => (finish = resolve)))
    await sleep(5)
    await receiver.receive(genuine(), boom)
    finish()
    await slow
    await receiver.receive(genuine(), boom)
    await receiver.receive(forged(), boom)
    expect(onDeadLetter).not.toHaveBeenCalled()
    expect(await listed(receiver)).toEqual([])
  })
})

describe('replay', () => {
  async function withLetter(options = {}) {
    const made = createShop({ provider: payqi({ secret }), ...options })
    await made.receiver.receive(retried(), boom)
    return made
  }

  it('proves it again, as of the time when it was received, long after', async () => {
    let nowMs = now
    const store = memoryStore()
    const { receiver } = await withLetter({ store, now: () => nowMs })
    nowMs += 40 * 86_400_000
    expect(await receiver.receive(retried(), boom)).toMatchObject({ reply: { status: 401 } })
    const handler = vi.fn()
    expect((await receiver.replay('evt_1', handler)).kind).toBe('processed')
    expect(handler.mock.calls).toMatchObject([[{ id: 'evt_1', type: 'payment.completed' }, { attempt: 2 }]])
  })

  it('runs through the same claim: once, however often and wherever it is asked for', async () => {
    const { receiver } = await withLetter()
    const handler = vi.fn(() => sleep(20))
    const outcomes = await Promise.all([...Array(20)].map(() => receiver.replay('evt_1', handler)))
    expect(handler).toHaveBeenCalledTimes(1)
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['processed', 'in_progress']))
  })

  it('is a duplicate once the event was handled another way', async () => {
    const saved: DeadLetter[] = []
    const { receiver } = await withLetter({ maxAttempts: 1, onDeadLetter: (letter: DeadLetter) => saved.push(letter) })
    await receiver.replay('evt_1', () => {})
    const handler = vi.fn()
    expect((await receiver.replay(saved[0] ?? '', handler)).kind).toBe('duplicate')
    expect((await receiver.receive(retried(), handler)).kind).toBe('duplicate')
    expect(handler).not.toHaveBeenCalled()
  })

  it('keeps the letter when it fails again, however often that was', async () => {
    const onDeadLetter = vi.fn()
    const { receiver } = await withLetter({ maxAttempts: 1, onDeadLetter })
    for (let i = 0; i < 3; i++) expect((await receiver.replay('evt_1', boom)).kind).toBe('failed')
    expect(await listed(receiver)).toMatchObject([{ id: 'evt_1', attempts: 4 }])
    expect(onDeadLetter).toHaveBeenCalledTimes(1)
  })

  it('refuses a letter that somebody has changed', async () => {
    const { receiver } = await withLetter()
    const [letter] = await listed(receiver)
    const changed = JSON.parse(JSON.stringify(letter))
    changed.rawBody = Buffer.from(retried().body.replace('"amount":5', '"amount":500')).toString('base64')
    const handler = vi.fn()
    expect(await receiver.replay(changed, handler)).toMatchObject({
      kind: 'rejected',
      error: { code: 'signature_mismatch' },
    })
    expect(handler).not.toHaveBeenCalled()
  })

  it.each([['evt_2'], [{}], [{ id: 'evt_1' }], [null], ['payqi::evt_1'], ['no such id'], ['é']])(
    'knows nothing of %j',
    async (given) => {
      const { receiver } = await withLetter()
      expect(await receiver.replay(given as never, boom)).toMatchObject({
        kind: 'misuse',
        error: { code: 'dead_letter_unknown' },
      })
    },
  )

  it('says that the store is down', async () => {
    const store = memoryStore()
    const down = { ...store, letters: { ...store.letters, get: () => Promise.reject(new Error('down')) } }
    const { receiver } = createShop({ store: down as IdempotencyStore })
    expect(await receiver.replay('evt_1', boom)).toMatchObject({ kind: 'unavailable', reply: { status: 503 } })
  })

  it('lists and replays the letters of its own provider and account alone', async () => {
    const store = memoryStore()
    const { receiver } = await withLetter({ store, account: 'one' })
    const other = createShop({ provider: payqi({ secret }), store, account: 'one-more' })
    expect(await listed(receiver)).toHaveLength(1)
    expect(await listed(other.receiver)).toEqual([])
    expect((await other.receiver.replay('evt_1', boom)).kind).toBe('misuse')
  })

  it('lists more than one page', async () => {
    const { receiver } = createShop({ provider: payqi({ secret }) })
    await Promise.all([...Array(250)].map((_, i) => receiver.receive(retried(`evt_${i}`), boom)))
    expect(new Set((await listed(receiver)).map(({ id }) => id)).size).toBe(250)
  })

  it('discards', async () => {
    const { receiver } = await withLetter()
    expect([await receiver.discard('evt_2'), await receiver.discard('evt_1')]).toEqual([false, true])
    expect(await listed(receiver)).toEqual([])
  })

  it('takes no letter that is older than the memory of the store', async () => {
    let nowMs = now
    const saved: DeadLetter[] = []
    const options = { maxAttempts: 1, onDeadLetter: (letter: DeadLetter) => saved.push(letter), now: () => nowMs }
    const { receiver } = await withLetter(options)
    nowMs += 8 * 86_400_000
    expect(await receiver.replay(saved[0] ?? '', boom)).toMatchObject({
      kind: 'misuse',
      error: { hint: expect.stringContaining('retentionSeconds') },
    })
    expect((await receiver.replay('evt_1', () => {})).kind).toBe('processed')
  })

  it('takes no letter of another account', async () => {
    const saved: DeadLetter[] = []
    const options = { maxAttempts: 1, onDeadLetter: (letter: DeadLetter) => saved.push(letter) }
    await withLetter({ account: 'one', ...options })
    const { receiver } = createShop({ provider: payqi({ secret }), account: 'two' })
    expect((await receiver.replay(saved[0] ?? '', boom)).kind).toBe('misuse')
  })

  it('lists the others beside one that cannot be read', async () => {
    const store = memoryStore()
    const claim = await store.claim('payqi::evt_0', 60)
    await store.release('payqi::evt_0', claim.state === 'acquired' ? claim.token : '', '{"not":"ours"}')
    const { receiver, reports } = await withLetter({ store })
    expect((await listed(receiver)).map(({ id }) => id)).toEqual(['evt_1'])
    expect(reports).toContainEqual(expect.objectContaining({ type: 'dead_letter_failed', idempotencyKey: 'evt_0' }))
    expect(await receiver.discard('evt_0')).toBe(true)
  })

  it('asks the API again where that is the proof', async () => {
    const { settings, api, ...delivery } = fixture('kasperopay', 'sample')
    const reports: Report[] = []
    const provider = createProvider('kasperopay', settings, api)
    const receiver = createReceiver({
      provider,
      store: memoryStore(),
      now: () => delivery.now,
      observe: (r) => reports.push(r),
    })
    const request = { headers: delivery.headers, body: bodyOf(delivery) }
    const id = (await receiver.verify(request)).idempotencyKey
    await receiver.receive(request, boom)
    expect((await receiver.replay(id, () => {})).kind).toBe('processed')
  })

  // What a provider's `headers` leave out would be found here, not at the first replay.
  it.each(providerNames)('has all that it takes to prove every delivery of %s again', async (name) => {
    for (const { settings, api, ...delivery } of readFixtures(name)) {
      const provider = createProvider(name, settings, api)
      const receiver = createReceiver({ provider, store: memoryStore(), now: () => delivery.now, observe: () => {} })
      const request = { headers: delivery.headers, body: bodyOf(delivery) }
      if ((await receiver.receive(request, boom)).kind !== 'failed') continue
      for await (const { id } of receiver.deadLetters())
        expect([delivery.name, (await receiver.replay(id, () => {})).kind]).toEqual([delivery.name, 'processed'])
    }
  })
})

describe('maxAttempts', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (maxAttempts) => {
    expect(thrown(() => createShop({ maxAttempts })).hint).toContain('maxAttempts')
  })

  it('refuses to acknowledge what nobody would keep', () => {
    const { letters: _, ...store } = memoryStore()
    expect(thrown(() => createShop({ store, maxAttempts: 3 })).hint).toContain('onDeadLetter')
    createShop({ store, maxAttempts: 3, onDeadLetter: () => {} })
    expect(thrown(() => createShop({ onDeadLetter: 'log' as never })).hint).toContain('onDeadLetter')
  })

  it('is not asked of a provider that is asked itself', () => {
    createReceiver({ provider: kasperopay({ merchantId: 'm_123456' }), store: memoryStore() })
  })
})
