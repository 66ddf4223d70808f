import { describe, expect, it, vi } from 'vitest'
import { memoryStore } from '../src'
import { atOnce } from '../src/stores/at-once'
import { rejection, thrown } from './support/errors'
import { createShop, genuine } from './support/shop'

function clocked(maxRecords = 100) {
  let ms = 0
  return { store: memoryStore({ maxRecords, now: () => ms }), pass: (seconds: number) => (ms += seconds * 1000) }
}
const tokenOf = (claim: { state: string; token?: string }) => claim.token ?? ''

describe('memoryStore', () => {
  it('grants one claim of many', async () => {
    const { store } = clocked()
    const claims = await Promise.all(Array.from({ length: 64 }, () => store.claim('k', 60)))
    expect(claims.filter(({ state }) => state === 'acquired').length).toBe(1)
    expect(claims.filter(({ state }) => state === 'in_progress').length).toBe(63)
  })

  it('says how long the lease still runs', async () => {
    const { store, pass } = clocked()
    await store.claim('k', 60)
    pass(45)
    expect(await store.claim('k', 60)).toEqual({ state: 'in_progress', retryAfterSeconds: 15 })
  })

  it('remembers what is done until the retention is over', async () => {
    const { store, pass } = clocked()
    expect(await store.complete('k', tokenOf(await store.claim('k', 60)), 3600)).toBe(true)
    pass(3599)
    expect((await store.claim('k', 60)).state).toBe('completed')
    pass(1)
    expect((await store.claim('k', 60)).state).toBe('acquired')
  })

  it('lets one worker take over when the lease has run out, and fences out the late one', async () => {
    const { store, pass } = clocked()
    const late = tokenOf(await store.claim('k', 60))
    pass(60)
    const owner = tokenOf(await store.claim('k', 60))
    expect(
      await Promise.all([store.complete('k', late, 9), store.release('k', late), store.renew('k', late, 60)]),
    ).toEqual([false, false, false])
    expect((await store.claim('k', 60)).state).toBe('in_progress')
    expect(await store.complete('k', owner, 9)).toBe(true)
  })

  it('takes the completion of a late owner whom nobody replaced', async () => {
    const { store, pass } = clocked()
    const token = tokenOf(await store.claim('k', 60))
    pass(61)
    expect(await store.complete('k', token, 9)).toBe(true)
  })

  it('gives a key back', async () => {
    const { store } = clocked()
    expect(await store.release('k', tokenOf(await store.claim('k', 60)))).toBe(true)
    expect((await store.claim('k', 60)).state).toBe('acquired')
  })

  it('renews', async () => {
    const { store, pass } = clocked()
    const token = tokenOf(await store.claim('k', 60))
    pass(50)
    expect(await store.renew('k', token, 60)).toBe(true)
    pass(50)
    expect((await store.claim('k', 60)).state).toBe('in_progress')
  })

  it('refuses when full rather than forget what is still needed, and recovers', async () => {
    const { store, pass } = clocked(3)
    for (const key of ['a', 'b']) await store.complete(key, tokenOf(await store.claim(key, 60)), 100)
    await store.claim('c', 60)
    expect(await rejection(store.claim('d', 60))).toMatchObject({ code: 'store_unavailable', status: 503 })
    expect((await store.claim('a', 60)).state).toBe('completed')
    expect((await store.claim('c', 60)).state).toBe('in_progress')
    pass(100)
    expect((await store.claim('d', 60)).state).toBe('acquired')
  })

  it('makes room for what has expired behind what has not', async () => {
    const { store, pass } = clocked(2)
    await store.complete('long', tokenOf(await store.claim('long', 60)), 1000)
    await store.complete('short', tokenOf(await store.claim('short', 60)), 10)
    pass(11)
    expect((await store.claim('new', 60)).state).toBe('acquired')
  })

  it('treats every key as a key', async () => {
    const { store } = clocked()
    for (const key of ['__proto__', 'constructor', 'toString'])
      expect((await store.claim(key, 60)).state).toBe('acquired')
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses maxRecords %s', (maxRecords) => {
    expect(thrown(() => memoryStore({ maxRecords })).code).toBe('configuration_invalid')
  })
})

describe('what answers at once', () => {
  it('is the memory store, and what stands in its place only by itself', async () => {
    const store = memoryStore()
    expect(atOnce(store.claim)?.('k', 60)).toMatchObject({ state: 'acquired' })
    expect(await store.claim('k', 60)).toMatchObject({ state: 'in_progress' })
    expect(atOnce((...given: Parameters<typeof store.claim>) => store.claim(...given))).toBeUndefined()
    expect(atOnce(store.claim.bind(store))).toBeUndefined()
  })

  it('is not asked behind the back of what replaces or wraps it later', async () => {
    const store = memoryStore()
    const { receiver } = createShop({ store })
    const [claim, complete] = [vi.spyOn(store, 'claim'), vi.spyOn(store, 'complete')]
    expect(await receiver.receive(genuine(), () => {})).toMatchObject({ kind: 'processed' })
    expect([claim.mock.calls.length, complete.mock.calls.length]).toEqual([1, 1])
  })

  it('is unavailable, and no accident, when it is full or its clock fails', async () => {
    const full = createShop({ store: memoryStore({ maxRecords: 1 }) })
    await full.receiver.receive(genuine('evt_1'), () => {})
    expect(await full.receiver.receive(genuine('evt_2'), () => {})).toMatchObject({ kind: 'unavailable' })
    const clock = () => {
      throw new Error('no clock')
    }
    const failing = createShop({ store: memoryStore({ now: clock }) })
    const outcome = await failing.receiver.receive(genuine(), () => {})
    expect(outcome).toMatchObject({ kind: 'unavailable', error: { code: 'store_unavailable' } })
  })

  it('is tried again when it fails to record what is handled', async () => {
    let failures = 0
    let recording = false
    const clock = () => {
      if (recording && failures++ === 0) throw new Error('no clock')
      return 0
    }
    const { receiver, reports } = createShop({ store: memoryStore({ now: clock }) })
    const handler = () => {
      recording = true
    }
    expect(await receiver.receive(genuine(), handler)).toMatchObject({ kind: 'processed' })
    expect(reports).toMatchObject([{ type: 'complete_failed' }, { outcome: 'processed' }])
    expect(await receiver.receive(genuine(), handler)).toMatchObject({ kind: 'duplicate' })
  })
})
