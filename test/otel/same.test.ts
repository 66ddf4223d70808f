import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from 'vitest'
import { createReceiver } from '../../src'
import { createInstrumentedReceiver } from '../../src/otel'
import { thrown } from '../support/errors'
import { type CreateReceiver, perform } from './perform'
import { plays } from './plays'
import { startSdk, stopSdk } from './sdk'
import { storePlays } from './store-plays'

afterEach(stopSdk)

const instrumented: CreateReceiver = (options) => createInstrumentedReceiver(options)

/** Throws whatever it is asked. */
const throwing = (): never => {
  throw new Error('the SDK is broken')
}

/** Ways in which an SDK can be broken: at once, or only in what it gives. */
const brokenSdks: Record<string, () => void> = {
  'that throws everywhere'() {
    const nothing = { getTracer: throwing, getMeter: throwing } as never
    trace.setGlobalTracerProvider(nothing)
    metrics.setGlobalMeterProvider(nothing)
    context.setGlobalContextManager({
      active: throwing,
      with: throwing,
      bind: throwing,
      enable: throwing,
      disable() {},
    } as never)
    propagation.setGlobalPropagator({ inject: throwing, extract: throwing, fields: throwing } as never)
  },
  'whose spans and instruments throw'() {
    const span = {
      spanContext: throwing,
      setAttribute: throwing,
      setAttributes: throwing,
      isRecording: () => true,
      setStatus: throwing,
      end: throwing,
    }
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: () => span, startActiveSpan: throwing }) } as never)
    const instrument = { add: throwing, record: throwing }
    const create = () => instrument
    metrics.setGlobalMeterProvider({
      getMeter: () => ({ createCounter: create, createHistogram: create, createUpDownCounter: create }),
    } as never)
  },
  'whose contexts run things twice'() {
    startSdk()
    const manager = {
      active: throwing,
      with(_where: unknown, run: () => unknown) {
        run()
        return run()
      },
      bind: throwing,
      enable: throwing,
      disable() {},
    }
    context.disable()
    context.setGlobalContextManager(manager as never)
  },
  'that gives nothing back'() {
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: () => undefined }) } as never)
    metrics.setGlobalMeterProvider({ getMeter: () => undefined } as never)
    context.setGlobalContextManager({ disable() {}, active: () => undefined, with: () => undefined } as never)
  },
}

const sdks: Record<string, () => void> = { none: () => {}, 'that works': () => void startSdk(), ...brokenSdks }

describe('an instrumented receiver answers, handles and reports the same', () => {
  it.each([...plays, ...storePlays])('$name', async (play) => {
    const expected = await perform(createReceiver, play)
    expect(expected.reports.length).toBeGreaterThan(0)
    for (const [sdk, start] of Object.entries(sdks)) {
      stopSdk()
      start()
      expect([sdk, await perform(instrumented, play)]).toEqual([sdk, expected])
    }
  })

  it('refuses the same options', () => {
    for (const options of [{}, { provider: {}, store: {} }, { observe: 7 }])
      expect(thrown(() => createInstrumentedReceiver(options as never)).code).toBe(
        thrown(() => createReceiver(options as never)).code,
      )
  })
})

describe('the plays', () => {
  it('come to every outcome there is', async () => {
    const kinds = new Set<unknown>()
    for (const play of [...plays, ...storePlays]) {
      const { reports } = await perform(createReceiver, play)
      for (const report of reports)
        kinds.add((report as { outcome?: string; type: string }).outcome ?? (report as { type: string }).type)
    }
    expect([...kinds].sort()).toEqual([
      'complete_failed',
      'dead_letter',
      'dead_letter_failed',
      'drift',
      'duplicate',
      'failed',
      'in_progress',
      'lease_lost',
      'misuse',
      'processed',
      'rejected',
      'release_failed',
      'renew_failed',
      'unavailable',
      'verified',
    ])
  })
})
