import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  caspay,
  type IdempotencyStore,
  type Job,
  memoryStore,
  type ReceiverOptions,
  type WebhookEvent,
} from '../../src'
import { createInstrumentedReceiver, type Telemetry } from '../../src/otel'
import { rejection } from '../support/errors'
import { faultyStore, forged, genuine, never, now, secret, sleep, until } from '../support/shop'
import { type Heard, type Sdk, startSdk, stopSdk } from './sdk'

let sdk: Sdk
beforeEach(() => {
  sdk = startSdk()
})
afterEach(stopSdk)
afterAll(stopSdk)

function open(options: Partial<ReceiverOptions<WebhookEvent>> = {}, telemetry: Telemetry = {}) {
  const observe = () => {}
  const all = { provider: caspay({ secret }), store: memoryStore(), now: () => now, observe, ...options }
  return createInstrumentedReceiver(all as ReceiverOptions<WebhookEvent>, telemetry)
}

function named(name: string): Heard {
  const found = sdk.spans().find((span) => span.name === name)
  if (found === undefined) throw new Error(`no span ${name} among ${sdk.spans().map((span) => span.name)}`)
  return found
}

describe('the spans of a delivery', () => {
  it('are one of the delivery, with those of the handler and of the store beneath it', async () => {
    const tracer = trace.getTracer('shop')
    await tracer.startActiveSpan('POST /webhooks', { kind: SpanKind.SERVER }, async (server) => {
      await open({ account: 'eu' }).receive(genuine(), async () => {
        await sleep(1)
        tracer.startSpan('UPDATE orders').end()
      })
      server.end()
    })
    const delivery = named('process caspay')
    expect(delivery).toMatchObject({ kind: SpanKind.CONSUMER, parent: named('POST /webhooks').spanId, links: [] })
    expect(named('handle caspay')).toMatchObject({ kind: SpanKind.INTERNAL, parent: delivery.spanId })
    expect(named('UPDATE orders').parent).toBe(named('handle caspay').spanId)
    for (const operation of ['claim', 'complete']) expect(named(`store ${operation}`).parent).toBe(delivery.spanId)
    expect(new Set(sdk.spans().map(({ traceId }) => traceId)).size).toBe(1)
  })

  it('say what it was by the conventions, and nothing that the event says of itself', async () => {
    const jobs: Job[] = []
    await open({ account: 'eu' }).receive(genuine(), (event, { job }) => {
      jobs.push(job())
      Object.assign(event, { type: 'PAYLOAD', idempotencyKey: 'PAYLOAD' })
    })
    const about = {
      'payproof.event.type': 'payment.completed',
      'messaging.message.id': jobs[0]?.id,
      'payproof.secret.id': 'secret-1',
    }
    expect(named('process caspay').attributes).toEqual({
      'messaging.system': 'payproof',
      'messaging.destination.name': 'caspay',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'payproof.operation': 'receive',
      'payproof.account': 'eu',
      'payproof.outcome': 'processed',
      ...about,
    })
    expect(named('handle caspay').attributes).toEqual({ ...about, 'payproof.attempt': 1 })
    expect(named('store claim').attributes).toEqual({
      'payproof.provider': 'caspay',
      'payproof.store.operation': 'claim',
      'payproof.store.result': 'acquired',
    })
  })

  it('are errors where the merchant has to do something, and of what strangers send they are not', async () => {
    await open().receive(forged(), () => {})
    expect(named('process caspay')).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'payproof.outcome': 'rejected', 'payproof.code': 'signature_mismatch' },
    })
    expect(named('process caspay').attributes['error.type']).toBeUndefined()
    sdk.forget()
    await open({ store: faultyStore({ claim: () => Promise.reject(new Error('no')) }) }).receive(genuine(), () => {})
    const error = { code: SpanStatusCode.ERROR }
    expect(named('process caspay')).toMatchObject({ status: error, attributes: { 'error.type': 'store_unavailable' } })
    expect(named('store claim')).toMatchObject({ status: error, attributes: { 'error.type': 'error' } })
  })

  it('name the class of what a handler threw, and its message only when asked', async () => {
    class OutOfStock extends Error {
      override name = 'PAYLOAD'
    }
    const fails = () => Promise.reject(new OutOfStock('PAYLOAD'))
    await open().receive(genuine(), fails)
    expect(named('handle caspay')).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      events: [],
      attributes: { 'error.type': 'OutOfStock' },
    })
    expect(JSON.stringify(sdk.spans())).not.toContain('PAYLOAD')
    sdk.forget()
    await open({}, { recordHandlerErrors: true }).receive(genuine(), fails)
    expect(JSON.stringify(named('handle caspay').events)).toContain('PAYLOAD')
  })

  it.each([
    ['a text', 'string'],
    [undefined, 'undefined'],
    [Object.create(null), 'Error'],
    [new (class extends Error {})(), 'Error'],
    [Object.assign(new Error(), { constructor: { name: 'PAYLOAD' } }), 'Error'],
  ])('know a class for whatever is thrown: %j', async (thrown, type) => {
    await open().receive(genuine(), () => Promise.reject(thrown))
    expect(named('handle caspay').attributes['error.type']).toBe(type)
  })

  it('end in their time: the delivery with its answer, the handler with its work', async () => {
    const receiver = open({ answerWithinMs: 5 })
    const outcome = await receiver.receive(genuine(), () => sleep(40))
    expect(outcome.kind).toBe('in_progress')
    expect(sdk.spans().map(({ name }) => name)).toEqual(['store claim', 'process caspay'])
    await receiver.close()
    expect(named('handle caspay').parent).toBe(named('process caspay').spanId)
    expect(named('store complete').traceId).toBe(named('process caspay').traceId)
  })

  it('hang together as far as they can where nothing keeps the active context', async () => {
    context.disable()
    await open().receive(genuine(), () => sleep(1))
    expect(sdk.spans().map(({ name }) => name)).toEqual(['handle caspay', 'process caspay'])
    expect(named('handle caspay').parent).toBe(named('process caspay').spanId)
  })

  it('show a store that hangs', async () => {
    await open({ store: faultyStore({ claim: never }), storeTimeoutMs: 20 }).receive(genuine(), () => {})
    await until(() => sdk.spans().length === 2)
    expect(named('store claim').attributes).toMatchObject({
      'payproof.store.result': 'timeout',
      'error.type': 'timeout',
    })
  })

  it('show renewals, and a lease that was lost', async () => {
    const renew = async () => false
    await open({ leaseSeconds: 0.15, store: faultyStore({ renew }) }).receive(genuine(), () => sleep(80))
    expect(named('store renew')).toMatchObject({
      parent: named('process caspay').spanId,
      attributes: { 'payproof.store.result': 'lost' },
    })
  })

  it('show how a transaction begins and commits', async () => {
    const inner = memoryStore()
    const store: IdempotencyStore = { ...inner, transaction: (work) => work(undefined, inner.complete) }
    await open({ store }).receive(genuine(), () => {})
    const operations = sdk.spans().map(({ name }) => name)
    expect(operations).toEqual([
      'store claim',
      'store begin',
      'handle caspay',
      'store complete',
      'store commit',
      'process caspay',
    ])
    sdk.forget()
    await open({ store }).receive(genuine(), () => Promise.reject(new Error('no')))
    expect(sdk.spans().map(({ name }) => name)).not.toContain('store commit')
  })
})

describe('verify', () => {
  it('has a span of its own, and none of a store', async () => {
    await open().verify(genuine())
    await rejection(open().verify(forged()))
    const [proven, refused, ...more] = sdk.spans()
    expect(more).toEqual([])
    expect(proven).toMatchObject({
      name: 'verify caspay',
      kind: SpanKind.INTERNAL,
      attributes: { 'payproof.outcome': 'verified' },
    })
    expect(refused?.attributes).toMatchObject({ 'payproof.outcome': 'rejected', 'payproof.code': 'signature_mismatch' })
    expect(refused?.attributes['payproof.event.type']).toBeUndefined()
  })
})

describe('a trace that is not sampled', () => {
  it('has no span, and is carried on all the same', async () => {
    sdk = startSdk({ sampler: new AlwaysOffSampler() })
    const jobs: Job[] = []
    await open().receive(genuine(), (_event, { job }) => jobs.push(job()))
    expect(sdk.spans()).toEqual([])
    expect(jobs[0]?.data.trace?.['traceparent']).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/)
  })
})
