import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { caspay, type Job, memoryStore } from '../../src'
import { createInstrumentedReceiver, inTrace } from '../../src/otel'
import { genuine, now, secret } from '../support/shop'
import { type Sdk, startSdk, stopSdk } from './sdk'

let sdk: Sdk
beforeEach(() => {
  sdk = startSdk()
})
afterEach(stopSdk)

const open = () =>
  createInstrumentedReceiver({ provider: caspay({ secret }), store: memoryStore(), now: () => now, observe() {} })

async function jobOf(): Promise<Job> {
  const jobs: Job[] = []
  await open().receive(genuine(), (_event, { job }) => jobs.push(job()))
  const [job] = jobs
  if (job === undefined) throw new Error('no job')
  return job
}

const carried = ({ data }: Job) => JSON.parse(JSON.stringify(data)) as Job['data']
const find = (name: string) => sdk.spans().find((span) => span.name === name)
const activeTraceId = () => trace.getSpanContext(context.active())?.traceId

describe("a job's data", () => {
  it('carries the trace of the handler, and nothing else is different', async () => {
    const job = await jobOf()
    const handling = find('handle caspay')
    expect(job.data.trace).toEqual({ traceparent: `00-${handling?.traceId}-${handling?.spanId}-01` })
    stopSdk()
    const { data } = await jobOf()
    expect(data).toEqual({ ...job.data, trace: undefined })
    expect(Object.keys(data)).not.toContain('trace')
  })

  it('carries no more of the context than what the propagators made of it, if that is short', async () => {
    propagation.disable()
    const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()]
    propagation.setGlobalPropagator(new CompositePropagator({ propagators }))
    const of = (value: string) => propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ shop: { value } }))
    const { data } = await context.with(of('eu'), jobOf)
    expect(Object.keys(data.trace ?? {})).toEqual(['traceparent', 'baggage'])
    const long = await context.with(of('x'.repeat(600)), jobOf)
    expect(Object.keys(long.data.trace ?? {})).toEqual(['traceparent'])
  })
})

describe('the worker', () => {
  it.each(['replay', 'decode'] as const)('%s goes on in the trace of the delivery', async (method) => {
    const data = carried(await jobOf())
    const handling = find('handle caspay')
    sdk.forget()
    if (method === 'decode') await open().decode(data)
    else await open().replay({ queue: 'q', data }, () => trace.getTracer('shop').startSpan('fulfil').end())
    const span = find(method === 'decode' ? 'decode caspay' : 'process caspay')
    expect(span).toMatchObject({ traceId: handling?.traceId, parent: handling?.spanId, links: [handling?.spanId] })
    if (method === 'replay') expect(find('fulfil')?.parent).toBe(find('handle caspay')?.spanId)
  })

  it("keeps the worker's own span as the parent where it is of the same trace, and links to it where it is not", async () => {
    const data = carried(await jobOf())
    const handling = find('handle caspay')
    const tracer = trace.getTracer('queue')
    sdk.forget()
    await inTrace(data, () =>
      tracer.startActiveSpan('work', async (work) => {
        await open().decode(data)
        work.end()
      }),
    )
    expect(find('work')).toMatchObject({ traceId: handling?.traceId, parent: handling?.spanId })
    expect(find('decode caspay')).toMatchObject({ parent: find('work')?.spanId, links: [handling?.spanId] })
    sdk.forget()
    await tracer.startActiveSpan('another', async (another) => {
      await open().decode(data)
      another.end()
    })
    const another = find('another')
    expect(another?.traceId).not.toBe(handling?.traceId)
    expect(find('decode caspay')).toMatchObject({
      traceId: handling?.traceId,
      parent: handling?.spanId,
      links: [handling?.spanId, another?.spanId],
    })
  })

  it('begins a trace of its own for a dead letter', async () => {
    const receiver = open()
    await receiver.receive(genuine(), () => Promise.reject(new Error('no stock')))
    const { traceId } = find('process caspay') ?? {}
    sdk.forget()
    await receiver.replay('evt_1', () => {})
    expect(find('process caspay')).toMatchObject({ links: [], parent: undefined })
    expect(find('process caspay')?.traceId).not.toBe(traceId)
  })

  const id = '0af7651916cd43dd8448eb211c80319c'
  const parent = `00-${id}-b7ad6b7169203331-01`
  it.each([
    ['is taken whole', { traceparent: parent }, id],
    ['is taken with its state', { traceparent: parent, tracestate: 'a=b' }, id],
    ['without its state, should that be too long', { traceparent: parent, tracestate: `a=${'b'.repeat(600)}` }, id],
    ['is not taken of other letters', { traceparent: parent.toUpperCase() }, undefined],
    ['is not taken with more behind it', { traceparent: `${parent}-${'0'.repeat(600)}` }, undefined],
    ['is not taken with a line break', { traceparent: `${parent}\n` }, undefined],
    ['is not taken of zeros', { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }, undefined],
    ['is not taken as a list', { traceparent: [parent] }, undefined],
    ['is not taken from a prototype', Object.create({ traceparent: parent }), undefined],
    ['is not taken by another name', { other: parent }, undefined],
    ['is none', null, undefined],
    ['is a text', parent, undefined],
  ])('believes no queue: a trace %s', (_what, given, expected) => {
    const seen = inTrace({ trace: given }, activeTraceId)
    expect(seen).toBe(expected)
  })

  it.each([
    ['a traceparent', { traceparent: parent }, { traceparent: parent }],
    ['one of other letters', { traceparent: parent.toUpperCase() }, undefined],
    ['one with more behind it', { traceparent: `${parent}-more` }, undefined],
    ['what no propagator knows', { traceparent: parent, 'x-cost': '7' }, { traceparent: parent }],
    ['a long state', { traceparent: parent, tracestate: 'x'.repeat(513) }, { traceparent: parent }],
  ])('hands the propagators, who may believe anything, of %s nothing else', (_what, given, expected) => {
    propagation.disable()
    let handed: unknown
    const extract = (where: Context, carrier: unknown) => {
      handed = carrier
      return where
    }
    propagation.setGlobalPropagator({ extract, inject() {}, fields: () => ['traceparent', 'tracestate'] })
    inTrace({ trace: given }, () => {})
    expect(handed).toEqual(expected)
  })

  it('runs what it is given all the same where there is no trace in the data', () => {
    for (const data of [undefined, null, 'evt_1', 7, {}, { trace: {} }]) expect(inTrace(data, () => 7)).toBe(7)
    expect(() =>
      inTrace({}, () => {
        throw new Error('mine')
      }),
    ).toThrow('mine')
  })
})
