import { randomUUID } from 'node:crypto'
import { SpanKind, trace } from '@opentelemetry/api'
import { Queue, Worker } from 'bullmq'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { expressWebhook } from '../../adapters/express'
import { caspay, memoryStore } from '../../src'
import { createInstrumentedReceiver } from '../../src/otel'
import { enqueue, processor } from '../../src/queues/bullmq'
import { deliver, signDelivery } from '../../src/testing'
import { services } from '../support/services'
import { now, secret } from '../support/shop'
import { notRun } from '../support/vectors'
import { type Heard, type Sdk, startSdk, stopSdk } from './sdk'

const open = () =>
  createInstrumentedReceiver({ provider: caspay({ secret }), store: memoryStore(), now: () => now, observe() {} })

describe('one trace, from the request to the work in a queue', () => {
  if (services.redis === undefined) {
    notRun('one trace through a queue: no Redis answers')
    return
  }
  const connection = { url: services.redis }
  const queue = new Queue(`payproof-${randomUUID()}`, { connection })
  const shop = open()
  let sdk: Sdk
  const fulfil = processor(shop, () => trace.getTracer('shop').startSpan('UPDATE orders').end())
  const worker = new Worker(queue.name, fulfil, { connection, autorun: false })
  beforeAll(() => {
    sdk = startSdk()
  })
  afterAll(async () => {
    stopSdk()
    await worker.close()
    await queue.obliterate({ force: true })
    await queue.close()
  })

  /** The framework's own span, as its instrumentation makes it. */
  function traced(app: express.Express): express.Express {
    return express().use((req, res) =>
      trace.getTracer('shop').startActiveSpan('POST /webhooks', { kind: SpanKind.SERVER }, (span) => {
        res.on('close', () => span.end())
        app(req, res)
      }),
    )
  }

  const find = (name: string, above?: Heard) =>
    sdk.spans().find((span) => span.name === name && (above === undefined || span.parent === above.spanId))

  it('has every span, and each beneath the one that caused it', async () => {
    const app = traced(express().post('/webhooks', expressWebhook(shop, enqueue(queue))))
    expect(
      await deliver(app, signDelivery('caspay', 'payment.completed', { secret, at: now }), { path: '/webhooks' }),
    ).toMatchObject({ status: 200 })
    void worker.run()
    const all = [
      'POST /webhooks',
      'process caspay',
      'handle caspay',
      'process caspay',
      'handle caspay',
      'UPDATE orders',
    ]
    const names = () => sdk.spans().map(({ name }) => name)
    await vi.waitFor(
      () =>
        expect(
          names()
            .filter((name) => all.includes(name))
            .sort(),
        ).toEqual(all.sort()),
      15_000,
    )
    const request = find('POST /webhooks')
    const received = find('process caspay', request)
    const handed = find('handle caspay', received)
    const worked = find('process caspay', handed)
    const handled = find('handle caspay', worked)
    const order = find('UPDATE orders', handled)
    expect([request, received, handed, worked, handled, order].map((span) => span?.traceId)).toEqual(
      Array(6).fill(request?.traceId),
    )
    expect(worked?.attributes).toMatchObject({ 'payproof.operation': 'replay', 'payproof.outcome': 'processed' })
    expect(worked?.attributes['messaging.message.id']).toBe(received?.attributes['messaging.message.id'])
  })
})
