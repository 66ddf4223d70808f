import { caspay, type WebhookRequest } from 'payproof'
import { inspector } from 'payproof/inspector'
import { describe, expect, it, vi } from 'vitest'
import { inspectReceiver } from '../../src/inspector/inspect'
import { createDeliveryLog } from '../../src/inspector/log'
import { createShop, genuine, now, secret } from '../support/shop'

const { headers, body } = genuine()
const record = Object.fromEntries(headers)
const thrower = (): never => {
  throw new Error('odd')
}

class Framework {
  get method() {
    return 'POST'
  }
  get headers() {
    return new Headers(record)
  }
  get body() {
    return body
  }
}

function* pairs() {
  yield* headers
}

const oneShot = () => {
  const iterator = pairs()
  return { [Symbol.iterator]: () => iterator }
}

/** Requests that a receiver may be handed, made anew for each receiver. */
const requests: readonly [string, () => unknown][] = [
  ['pairs', () => ({ headers, body })],
  ['Headers', () => ({ headers: new Headers(record), body })],
  ['entries of Headers', () => ({ headers: new Headers(record).entries(), body })],
  ['entries of a Map', () => ({ headers: new Map(headers).entries(), body })],
  ['a Map', () => ({ headers: new Map(headers), body })],
  ['a generator', () => ({ headers: pairs(), body })],
  ['an iterable that gives its pairs once', () => ({ headers: oneShot(), body })],
  ['an iterable that gives them again', () => ({ headers: { [Symbol.iterator]: pairs }, body })],
  ['a class with getters', () => new Framework()],
  ['a Request', () => new Request('http://a/', { method: 'POST', headers: record, body })],
  ['a body that is read', () => ({ headers, body: async () => body })],
  ['a body whose reading throws', () => ({ headers, body: thrower })],
  ['a parsed body', () => ({ headers, body: JSON.parse(body) })],
  ['a stream', () => ({ headers, body: new Blob([body]).stream() })],
  ['no body', () => ({ headers })],
  ['another method', () => ({ method: 'GET', headers, body })],
  ['headers [null]', () => ({ headers: [null], body })],
  ['a symbol as name', () => ({ headers: [[Symbol('a'), 'b']], body })],
  ['numbers as headers', () => ({ headers: 5, body })],
  ['no headers', () => ({ body })],
  ['undefined', () => undefined],
  ['null', () => null],
  ['a text', () => 'request'],
  ['headers whose keys throw', () => ({ headers: new Proxy({}, { ownKeys: thrower }), body })],
  ['a generator that throws', () => ({ headers: { next: thrower, [Symbol.iterator]: thrower }, body })],
  ['an iterator that throws', () => ({ headers: { [Symbol.iterator]: thrower }, body })],
  ['a getter of headers that throws', () => Object.defineProperty({ body }, 'headers', { get: thrower })],
  ['a getter of the method that throws', () => Object.defineProperty({ headers, body }, 'method', { get: thrower })],
  ['a getter of the body that throws', () => Object.defineProperty({ headers }, 'body', { get: thrower })],
]

const told = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error))

describe('an inspected receiver does as the receiver alone', () => {
  it.each(requests)('with %s', async (_, create) => {
    const inspect = () => inspector(createShop().receiver, { provider: caspay({ secret }), now: () => now }).receiver
    const said = async (make: () => ReturnType<typeof createShop>['receiver']) => {
      const request = () => create() as WebhookRequest
      const received = await make()
        .receive(request(), () => {})
        .then(({ kind, reply }) => ({ kind, reply }), told)
      const verified = await make()
        .verify(request())
        .then(({ id }) => id, told)
      return { received, verified }
    }
    expect(await said(inspect)).toEqual(await said(() => createShop().receiver))
  })

  it('with entries of Headers, which it shows too', async () => {
    const log = createDeliveryLog()
    const inspected = inspectReceiver(createShop().receiver, { log, source: { name: 'caspay' } })
    const outcome = await inspected.receive({ headers: new Headers(record).entries(), body }, () => {})
    expect([outcome.kind, log.all()[0]?.headers.length]).toEqual(['processed', 2])
  })

  it('where keeping throws, at its beginning or later', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
    for (const fails of ['begin', 'changed'] as const) {
      const log = { ...createDeliveryLog(), [fails]: thrower }
      const inspected = inspectReceiver(createShop().receiver, { log, source: { name: 'caspay' } })
      expect((await inspected.receive({ headers: pairs(), body }, () => {})).kind).toBe('processed')
      expect((await inspected.verify({ headers: pairs(), body })).id).toBe('evt_1')
    }
    errors.mockRestore()
  })
})
