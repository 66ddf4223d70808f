import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { hexHmac, type Pairs } from '../support/deliveries'
import { property } from './play'
import { freshReceiver, secret, signers } from './senders'

const providerOf = (name: string) => {
  const found = signers.find((sender) => sender.name.startsWith(name))
  if (found === undefined) throw new Error(`no sender ${name}`)
  return found.provider
}

/** A form that carries the event's time, and how finely. */
interface Clock {
  readonly provider: ReturnType<typeof providerOf>
  readonly unitMs: 1 | 1000
  readonly body: (timeMs: number) => string
  readonly headers: (body: string, nowMs: number) => Pairs
}

const data = '"data":{"object":{"id":"p","amount":1,"currency":"usd","status":"x"}}'
const payvostHeaders = (body: string): Pairs => [['Payvost-Signature', hexHmac(secret, body)]]
const caspayHeaders = (body: string): Pairs => [['X-CasPay-Signature', hexHmac(secret, body)]]

const clocks: readonly Clock[] = [
  {
    provider: providerOf('caspay'),
    unitMs: 1000,
    body: (ms) => `{"id":"e","type":"payment.teleported","created":${ms / 1000},"data":{}}`,
    headers: caspayHeaders,
  },
  {
    provider: providerOf('caspay'),
    unitMs: 1,
    body: (ms) => `{"event":"payment.teleported","timestamp":"${new Date(ms).toISOString()}","data":{}}`,
    headers: caspayHeaders,
  },
  {
    provider: providerOf('payqi'),
    unitMs: 1000,
    body: (ms) => `{"id":"e","type":"payment.teleported","created":${ms / 1000},"data":{}}`,
    headers: (body, nowMs) => [
      ['X-PayQI-Signature', hexHmac(secret, body)],
      ['X-PayQI-Timestamp', String(Math.floor(nowMs / 1000))],
    ],
  },
  {
    provider: providerOf('payvost'),
    unitMs: 1000,
    body: (ms) => `{"id":"e","type":"payment.succeeded","created":${ms / 1000},${data}}`,
    headers: payvostHeaders,
  },
  {
    provider: providerOf('payvost'),
    unitMs: 1,
    body: (ms) => `{"id":"e","type":"payment.succeeded","created":${ms},${data}}`,
    headers: payvostHeaders,
  },
]

const nowMs = fc.integer({ min: 1_500_000_000_000, max: 9_000_000_000_000 })

/** As another clock on Earth would write it; digits beyond milliseconds say nothing more. */
function spelled(ms: number, minutes: number, fraction: 'none' | 'short' | 'long'): string {
  const local = new Date(ms + minutes * 60_000).toISOString()
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((n) =>
    String(n).padStart(2, '0'),
  )
  const zone = minutes === 0 ? 'Z' : `${minutes < 0 ? '-' : '+'}${hours}:${rest}`
  if (fraction === 'none') return `${local.slice(0, 19)}${zone}`
  return `${local.slice(0, 23)}${fraction === 'long' ? '999999' : ''}${zone}`
}

describe('times', () => {
  property(
    'the time of an event is held to the second, both ways',
    fc.record({
      nowMs,
      clock: fc.constantFrom(...clocks),
      maxAge: fc.integer({ min: 86_400, max: 400_000 }),
      tolerance: fc.integer({ min: 1, max: 86_400 }),
      ahead: fc.boolean(),
      away: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -100_000, max: 100_000 })),
      withinSecond: fc.nat(999),
    }),
    async ({ nowMs, clock, maxAge, tolerance, ahead, away, withinSecond }) => {
      const limit = ahead ? tolerance : maxAge
      const offset = Math.max(0, limit + away)
      const second = Math.floor(nowMs / 1000) + (ahead ? offset : -offset)
      const timeMs = second * 1000 + (clock.unitMs === 1 ? withinSecond : 0)
      const body = clock.body(timeMs)
      const options = { now: () => nowMs, maxEventAgeSeconds: maxAge, toleranceSeconds: tolerance }
      const receiver = freshReceiver(clock.provider, { ...options, retentionSeconds: 10_000_000 })
      const outcome = await receiver.receive({ headers: clock.headers(body, nowMs), body }, () => {})
      expect(outcome.kind).toBe(offset <= limit ? 'processed' : 'rejected')
      if (outcome.kind === 'processed') expect(outcome.event.occurredAt?.getTime()).toBe(timeMs)
    },
  )

  property(
    'a time with fraction and zone arrives to the millisecond',
    fc.record({
      nowMs,
      minutes: fc.integer({ min: -14 * 60, max: 14 * 60 }),
      fraction: fc.constantFrom('none' as const, 'short' as const, 'long' as const),
    }),
    async ({ nowMs, minutes, fraction }) => {
      const body = `{"event":"payment.teleported","timestamp":"${spelled(nowMs, minutes, fraction)}","data":{}}`
      const receiver = freshReceiver(providerOf('caspay'), { now: () => nowMs })
      const { occurredAt } = await receiver.verify({ headers: caspayHeaders(body), body })
      expect(occurredAt?.getTime()).toBe(fraction === 'none' ? Math.floor(nowMs / 1000) * 1000 : nowMs)
    },
  )
})
