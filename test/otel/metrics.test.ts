import { metrics } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  caspay,
  createReceiver,
  memoryStore,
  type Provider,
  payqi,
  type ReceiverOptions,
  type WebhookEvent,
} from '../../src'
import { createInstrumentedReceiver } from '../../src/otel'
import { signDelivery } from '../../src/testing'
import { faultyStore, forged, genuine, never, now, secret, sleep, until } from '../support/shop'
import { pointsOf, type Sdk, secondsOf, startSdk, stopSdk, sumOf } from './sdk'

let sdk: Sdk
beforeEach(() => {
  sdk = startSdk()
})
afterEach(stopSdk)

function open(options: Partial<ReceiverOptions<WebhookEvent>> = {}) {
  const observe = () => {}
  const all = { provider: caspay({ secret }), store: memoryStore(), now: () => now, observe, ...options }
  return createInstrumentedReceiver(all as ReceiverOptions<WebhookEvent>)
}
const count = async (name: string, having = {}) => sumOf(await sdk.measured(), name, having)
const points = async (name: string) => pointsOf(await sdk.measured(), name)

describe('deliveries', () => {
  it('are counted by provider, account, operation, type, outcome and code', async () => {
    const receiver = open({ account: 'eu' })
    await receiver.receive(genuine(), () => {})
    await receiver.receive(genuine(), () => {})
    await receiver.receive(forged(), () => {})
    const about = { 'payproof.provider': 'caspay', 'payproof.account': 'eu', 'payproof.operation': 'receive' }
    const type = { 'payproof.event.type': 'payment.completed' }
    expect(await points('payproof.deliveries')).toEqual([
      [{ ...about, ...type, 'payproof.outcome': 'processed' }, 1],
      [{ ...about, ...type, 'payproof.outcome': 'duplicate' }, 1],
      [{ ...about, 'payproof.outcome': 'rejected', 'payproof.code': 'signature_mismatch' }, 1],
    ])
    expect(await points('payproof.delivery.duration')).toEqual([
      [{ ...about, 'payproof.outcome': 'processed' }, 1],
      [{ ...about, 'payproof.outcome': 'duplicate' }, 1],
      [{ ...about, 'payproof.outcome': 'rejected' }, 1],
    ])
  })

  it('of a type that nobody knows are `unknown`, whatever word came over the wire', async () => {
    const receiver = open()
    for (let i = 0; i < 300; i++)
      await receiver.receive(
        genuine(`evt_${i}`, (body) => body.replace('payment.completed', `made.up.${i}`)),
        () => {},
      )
    const types = (await points('payproof.deliveries')).map(([labels]) => labels['payproof.event.type'])
    expect(types).toEqual(['unknown'])
  })

  it('of a provider that makes types and secrets up are told apart up to a hundred', async () => {
    const inner = caspay({ secret })
    let n = 0
    const verify: Provider['verify'] = async (...given) => {
      const event = await inner.verify(...given)
      const proof = { ...event.proof, secretId: `secret-${++n}` }
      return { ...event, type: `made.up.${n}`, proof, rawBody: event.rawBody }
    }
    const receiver = open({ provider: { ...inner, verify } })
    for (let i = 0; i < 150; i++) await receiver.receive(genuine(`evt_${i}`), () => {})
    for (const [name, label] of [
      ['payproof.deliveries', 'payproof.event.type'],
      ['payproof.handler.duration', 'payproof.event.type'],
      ['payproof.secret.matches', 'payproof.secret.id'],
    ] as const) {
      const values = (await points(name)).map(([labels]) => labels[label])
      expect([name, values.length, values.at(-1)]).toEqual([name, 101, 'other'])
    }
  })

  it('that are under way are known', async () => {
    const receiver = open()
    let release = () => {}
    const first = receiver.receive(
      genuine(),
      () =>
        new Promise<void>((resolve) => {
          release = resolve
        }),
    )
    const second = receiver.receive(genuine('evt_2'), () => sleep(1))
    expect(await count('payproof.active_deliveries')).toBe(2)
    await second
    expect(await count('payproof.active_deliveries')).toBe(1)
    release()
    await first
    await receiver.verify(forged()).catch(() => {})
    expect(await count('payproof.active_deliveries')).toBe(0)
  })
})

describe('times', () => {
  it('are in seconds, of the delivery, of the handler and of the store', async () => {
    const slow = async () => {
      await sleep(60)
      return { state: 'acquired', token: '1' } as const
    }
    await open({ store: faultyStore({ claim: slow, complete: async () => true }) }).receive(genuine(), () => sleep(120))
    const measured = await sdk.measured()
    const [delivery = 0] = secondsOf(measured, 'payproof.delivery.duration')
    const [handler = 0] = secondsOf(measured, 'payproof.handler.duration')
    const [claim = 0] = secondsOf(measured, 'payproof.store.operation.duration')
    expect(claim).toBeGreaterThan(0.04)
    expect(handler).toBeGreaterThan(claim)
    expect(delivery).toBeGreaterThan(claim + handler - 0.02)
    expect(delivery).toBeLessThan(10)
  })

  it('of handlers tell those that threw', async () => {
    await open().receive(genuine(), () => Promise.reject(new Error('no stock')))
    await open().receive(genuine(), () => {})
    const results = (await points('payproof.handler.duration')).map(([labels]) => labels['payproof.handler.result'])
    expect(results).toEqual(['threw', 'returned'])
  })

  it.each([
    ['acquired', {}],
    ['error', { claim: () => Promise.reject(new Error('no')) }],
    ['timeout', { claim: never }],
    ['error', { claim: async () => ({ state: 'PAYLOAD' }) as never }],
  ])('of the store tell what came of the call: %s', async (result, faults) => {
    await open({ store: faultyStore(faults), storeTimeoutMs: 20 }).receive(genuine(), () => {})
    const having = { 'payproof.store.operation': 'claim', 'payproof.store.result': result }
    await sleep(0)
    expect(await count('payproof.store.operation.duration', having)).toBe(1)
    expect(await count('payproof.store.operation.duration', { 'payproof.store.operation': 'claim' })).toBe(1)
  })
})

describe('leases', () => {
  it('are counted as they are renewed, and lost', async () => {
    await open({ leaseSeconds: 0.15 }).receive(genuine(), () => sleep(130))
    expect(await count('payproof.lease.renewals', { 'payproof.store.result': 'ok' })).toBeGreaterThan(0)
    expect(await count('payproof.problems')).toBe(0)
    const store = faultyStore({ renew: async () => false })
    await open({ leaseSeconds: 0.15, store }).receive(genuine(), () => sleep(130))
    expect(await count('payproof.lease.renewals', { 'payproof.store.result': 'lost' })).toBe(1)
    expect(await count('payproof.problems', { 'payproof.problem': 'lease_lost' })).toBe(1)
  })
})

describe('dead letters', () => {
  const fails = () => Promise.reject(new Error('no stock'))

  it('are those that were given up', async () => {
    const receiver = open({ provider: payqi({ secret }), maxAttempts: 2 })
    const delivery = () => signDelivery('payqi', 'payment.completed', { secret, at: now, id: 'evt_1' })
    await receiver.receive(delivery(), fails)
    expect(await count('payproof.dead_letters')).toBe(0)
    await receiver.receive(delivery(), fails)
    expect(await points('payproof.dead_letters')).toEqual([[{ 'payproof.provider': 'payqi' }, 1]])
  })

  it('are also those that a provider will not bring again', async () => {
    const receiver = open()
    await receiver.receive(genuine(), fails)
    await receiver.replay('evt_1', fails)
    await receiver.receive(forged(), fails)
    expect(await count('payproof.dead_letters')).toBe(1)
  })
})

describe('a rotation', () => {
  it('is over when the old secret proves nothing any more', async () => {
    const old = 'whsec_old-0123456789abcdef'
    const provider = caspay({
      secret: [
        { id: '2026-11', value: secret },
        { id: '2026-05', value: old },
      ],
    })
    const receiver = open({ provider })
    const { headers, body } = signDelivery('caspay', 'payment.completed', { secret: old, at: now })
    await receiver.receive({ headers, body }, () => {})
    await receiver.receive(genuine(), () => {})
    await receiver.receive(forged(), () => {})
    expect(await points('payproof.secret.matches')).toEqual([
      [{ 'payproof.provider': 'caspay', 'payproof.secret.id': '2026-05' }, 1],
      [{ 'payproof.provider': 'caspay', 'payproof.secret.id': '2026-11' }, 1],
    ])
  })
})

describe('an SDK', () => {
  it('that is registered after the receiver was made is told all the same', async () => {
    stopSdk()
    const receiver = open()
    await receiver.receive(genuine(), () => {})
    sdk = startSdk()
    await receiver.receive(genuine(), () => {})
    expect(sdk.spans().map(({ name }) => name)).toEqual(['store claim', 'process caspay'])
    await until(() => sdk.spans().length > 0)
    expect(await count('payproof.deliveries', { 'payproof.outcome': 'duplicate' })).toBe(1)
  })

  it('that is handed in is told instead of the one that is registered', async () => {
    const given = startSdk()
    const meterProvider = metrics.getMeterProvider()
    sdk = startSdk()
    const options = { provider: caspay({ secret }), store: memoryStore(), now: () => now, observe() {} }
    await createInstrumentedReceiver(options, { meterProvider }).receive(genuine(), () => {})
    expect(await count('payproof.deliveries')).toBe(0)
    expect(sumOf(await given.measured(), 'payproof.deliveries')).toBe(1)
  })

  it('hears nothing of a receiver that is not instrumented', async () => {
    const options = { provider: caspay({ secret }), store: memoryStore(), now: () => now, observe() {} }
    await createReceiver(options).receive(genuine(), () => {})
    expect(sdk.spans()).toEqual([])
    expect(await sdk.measured()).toEqual([])
  })
})
