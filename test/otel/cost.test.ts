import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base'
import { afterEach, describe, expect, it } from 'vitest'
import { caspay, memoryStore, type Receiver, type WebhookEvent, type WebhookRequest } from '../../src'
import { createInstrumentedReceiver } from '../../src/otel'
import { createReceiver } from '../../src/receiver'
import { genuine, now, secret } from '../support/shop'
import { startSdk, stopSdk } from './sdk'

afterEach(stopSdk)

const perRound = 200
const deliveries = Array.from({ length: perRound }, (_, i) => genuine(`evt_${i}`))

const options = () => ({ provider: caspay({ secret }), store: memoryStore(), now: () => now, observe() {} })
const plain = () => createReceiver(options())
const instrumented = () => createInstrumentedReceiver(options())

async function msOf(receiver: Receiver<WebhookEvent>, requests: readonly WebhookRequest[]): Promise<number> {
  const startedMs = performance.now()
  for (const request of requests) await receiver.receive(request, () => {})
  return performance.now() - startedMs
}

/** The quickest of many rounds, taken in turn: what else the machine does makes a round slower, never quicker. */
async function ratio(rounds: number): Promise<number> {
  const best = { plain: Number.POSITIVE_INFINITY, instrumented: Number.POSITIVE_INFINITY }
  for (let round = 0; round < rounds; round++) {
    best.plain = Math.min(best.plain, await msOf(plain() as Receiver<WebhookEvent>, deliveries))
    best.instrumented = Math.min(best.instrumented, await msOf(instrumented() as Receiver<WebhookEvent>, deliveries))
  }
  return best.instrumented / best.plain
}

describe('what an instrumented receiver costs, as a ratio to one that is not', () => {
  it.each([
    ['without an SDK', () => {}, 2.5],
    ['with an SDK that counts, and samples no trace', () => void startSdk({ sampler: new AlwaysOffSampler() }), 10],
  ])('%s', async (what, start, atMost) => {
    start()
    const measured = await ratio(80)
    process.stdout.write(`${what}: ${measured.toFixed(2)} of at most ${atMost}\n`)
    expect(measured).toBeLessThan(atMost)
  })
})
