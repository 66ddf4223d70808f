import { describe, expect, it } from 'vitest'
import { createDeliveryLog } from '../../src/inspector/log'
import { post } from '../support/server'
import { ask, follow, listening } from './desk'

const start = (source = { name: 'any' }) => ({ receivedAtMs: 0, source, headers: [] })

describe('what is kept', () => {
  it('is bounded in number: the oldest make room', () => {
    const log = createDeliveryLog({ maxDeliveries: 3 })
    for (let i = 0; i < 5; i++) log.begin(start())
    expect(log.all().map(({ number }) => number)).toEqual([3, 4, 5])
    expect(log.oldest()).toBe(3)
  })

  it('is bounded in bytes, of bodies, headers and answers', () => {
    const maxBytes = 100_000
    const log = createDeliveryLog({ maxBytes })
    const parts = [
      { body: new Uint8Array(20_000) },
      { headers: [['a', 'x'.repeat(9000)]] as [string, string][] },
      { answer: { status: 1, headers: [], body: new Uint8Array(20_000) } },
    ]
    for (let i = 0; i < 300; i++) {
      const delivery = log.begin({ ...start(), ...parts[i % 2 === 0 ? 1 : 2] })
      log.changed(Object.assign(delivery, parts[i % 3]))
      expect(log.bytes()).toBeLessThanOrEqual(maxBytes)
    }
    expect(log.all().length).toBeGreaterThan(2)
    log.clear()
    expect([log.bytes(), log.all().length]).toEqual([0, 0])
  })

  it('never holds one delivery that drives out all others', () => {
    const log = createDeliveryLog({ maxBytes: 100_000 })
    const first = log.begin({ ...start(), body: new Uint8Array(10_000) })
    const huge = log.begin(start())
    log.changed(Object.assign(huge, { body: new Uint8Array(90_000) }))
    expect(log.all()).toEqual([first, huge])
    expect([huge.body, huge.bodyMissing]).toEqual([undefined, expect.stringContaining('90000 bytes')])
  })

  it('forgets what is filled in after it was dropped', () => {
    const log = createDeliveryLog({ maxDeliveries: 1 })
    const gone = log.begin(start())
    log.begin(start())
    log.changed(Object.assign(gone, { body: new Uint8Array(1000) }))
    expect(log.all().length).toBe(1)
    expect(log.bytes()).toBeLessThan(1000)
  })
})

describe('the stream of news', () => {
  it('begins with what there is, and goes on with what comes', async () => {
    const { page, receivesAt } = await listening({ maxDeliveries: 2 })
    await post(receivesAt, { headers: [], body: 'one' })
    const leaving = new AbortController()
    const news = follow(page, leaving.signal)
    const first = (await news.next()).value
    expect(first).toMatchObject({
      type: 'all',
      state: { title: 'listen', receivesAt, sendCommand: `payproof send caspay --to ${receivesAt}`, mostDeliveries: 2 },
      deliveries: [{ number: 1, verdict: 'refused', code: 'signature_missing', answered: 401 }],
    })
    for (const body of ['two', 'three']) await post(receivesAt, { headers: [], body })
    for await (const each of news) {
      if (each.type !== 'delivery' || each.delivery.number !== 3 || each.delivery.answered === undefined) continue
      expect(each).toMatchObject({ oldest: 2, delivery: { bodyBytes: 5 } })
      break
    }
    leaving.abort()
  })

  it('is for sixteen pages at once, and counts those that have left', async () => {
    const { page } = await listening()
    const leaving = Array.from({ length: 16 }, () => new AbortController())
    const open = leaving.map(({ signal }) => follow(page, signal))
    for (const news of open) await news.next()
    expect((await ask(`${page}news`)).status).toBe(503)
    leaving[0]?.abort()
    await expect(open[0]?.next()).rejects.toThrow()
    const again = new AbortController()
    await expect
      .poll(async () => {
        const { status, body } = await fetch(`${page}news`, { signal: again.signal })
        if (status !== 200) await body?.cancel()
        return status
      })
      .toBe(200)
    for (const each of [again, ...leaving]) each.abort()
  })
})
