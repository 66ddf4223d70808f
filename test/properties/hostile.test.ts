import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { type HeadersInput, isWebhookError, type WebhookRequest } from '../../src'
import { hexHmac } from '../support/deliveries'
import { number, object } from './json-texts'
import { property } from './play'
import {
  answer,
  confirmed,
  freshReceiver,
  merchantId,
  type Sender,
  seconds,
  secret,
  signers,
  spell,
  token,
  tokenSenders,
} from './senders'

/** The README's table: what may come of a delivery, and with which status. */
const table: Record<string, readonly number[]> = {
  processed: [200],
  duplicate: [200],
  in_progress: [409, 503],
  failed: [500],
  dead_letter: [200],
  rejected: [400, 401, 408, 413, 415, 422],
  unavailable: [503],
  misuse: [405, 500],
}

const fields = { id: 'id_1', amount: number('1') }
const kasperopay = confirmed(spell(answer(fields), [], [0], [0]).bytes.toString())
const senders: readonly Sender[] = [...signers, ...tokenSenders, kasperopay]
const genuine = senders.map((sender) => spell(sender.body(fields), [], [0], [0]).bytes)

const changedBodies = fc
  .record({
    of: fc.constantFrom(...genuine),
    at: fc.nat(),
    drop: fc.nat(8),
    more: fc.uint8Array({ maxLength: 6 }),
  })
  .map(({ of, at, drop, more }) => {
    const from = at % of.length
    return Buffer.concat([of.subarray(0, from), more, of.subarray(from + drop)])
  })
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(...genuine),
  changedBodies,
  fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text)),
)

const latin1 = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const timed = (key: string) => (body: Uint8Array) => `t=${seconds},v1=${hexHmac(key, `${seconds}.`, body)}`
type Value = (body: Uint8Array) => string
/** Header values: anything, and what comes close, the right one among them. */
const values: fc.Arbitrary<Value> = fc.oneof(
  latin1.map((text) => () => text),
  fc.constantFrom<Value>(
    () => '',
    () => 'test_signature',
    () => '0'.repeat(64),
    () => hexHmac(secret, genuine[0] ?? ''),
    () => String(seconds),
    () => `${'9'.repeat(400)}`,
    (body) => hexHmac('another-secret-0123456789', body),
    timed('another-secret-0123456789'),
    (body) => hexHmac('', body),
    (body) => `sha256=${hexHmac(secret, body)}`,
    (body) => hexHmac(secret, body),
    timed(secret),
  ),
)
const names = fc.oneof(
  fc.constantFrom('X-CasPay-Signature', 'x-payqi-signature', 'PAYVOST-SIGNATURE', 'X-Payvost-Signature'),
  fc.constantFrom('x-payqi-timestamp', 'X-CasPay-Event', 'X-CasPay-Timestamp', 'Content-Length', 'Content-Encoding'),
  fc.constantFrom('__proto__', 'constructor', 'get', 'length', ''),
)
const headerLists = fc.array(
  fc.tuple(names, fc.oneof(fc.array(values, { maxLength: 3 }), values, fc.constant(undefined))),
  {
    maxLength: 6,
  },
)
const shapes = fc.constantFrom('record', 'pairs', 'map', 'Headers')

function build(
  list: readonly (readonly [string, Value | readonly Value[] | undefined])[],
  shape: string,
  body: Uint8Array,
) {
  const made = list.map(([name, value]): [string, string | string[] | undefined] => [
    name,
    Array.isArray(value) ? value.map((each: Value) => each(body)) : (value as Value | undefined)?.(body),
  ])
  const flat = made.flatMap(([name, value]) => [value ?? []].flat().map((each): [string, string] => [name, each]))
  const kinds: Record<string, () => HeadersInput> = {
    record: () => Object.fromEntries(made),
    pairs: () => flat,
    map: () => new Map(flat),
    Headers: () => new Headers(flat),
  }
  try {
    return { headers: kinds[shape]?.() ?? flat, flat }
  } catch {
    // `Headers` itself refuses what HTTP does not carry.
    return { headers: flat, flat }
  }
}

/** Whether what was sent holds a proof at all, seen from outside: no case without one may be taken. */
function holdsProof(sender: Sender, flat: readonly [string, string][], body: Uint8Array): boolean {
  const text = Buffer.from(body).toString()
  if (sender.name === 'kasperopay') return text.includes(merchantId) && text.includes('pay_1')
  if (sender.unsigned) return text.includes(token) || /"[0-9a-f]{64}"/.test(text)
  return flat.some(([, value]) => value === hexHmac(secret, body) || value === timed(secret)(body))
}

const deliveries = fc.record({
  sender: fc.constantFrom(...senders),
  body: bodies,
  list: headerLists,
  shape: shapes,
  bodyAs: fc.constantFrom('bytes', 'text', 'function', 'throwing', 'parsed'),
  method: fc.constantFrom(undefined, 'POST', 'POST', 'GET', 'post'),
})
type Case = typeof deliveries extends fc.Arbitrary<infer T> ? T : never

function request({ body: given, list, shape, bodyAs, method }: Case) {
  const body = bodyAs === 'text' ? Buffer.from(given.toString('latin1')) : given
  const { headers, flat } = build(list, shape, body)
  const ways: Record<string, unknown> = {
    text: given.toString('latin1'),
    function: async () => body,
    throwing: async () => {
      throw new Error('the socket is gone')
    },
    parsed: object(['x', null]),
  }
  return { request: { headers, method, body: ways[bodyAs] ?? body } as WebhookRequest, flat, body }
}

/** One of ours, and one that knows what it is about: only a socket that breaks is a surprise. */
function assertNamed(error: unknown, { bodyAs }: Case): void {
  if (!isWebhookError(error)) throw error
  if (bodyAs !== 'throwing') expect(error.code).not.toBe('internal_error')
}

describe('hostile deliveries', () => {
  property(
    'any bytes and any headers: an outcome of the table, and no handler without a proof',
    deliveries,
    async (each) => {
      const { request: sent, flat, body } = request(each)
      let handled = 0
      const outcome = await freshReceiver(each.sender.provider).receive(sent, () => {
        handled++
      })
      expect(table[outcome.kind]).toContain(outcome.reply.status)
      expect(handled).toBe(outcome.kind === 'processed' ? 1 : 0)
      if (handled > 0) expect(holdsProof(each.sender, flat, body)).toBe(true)
      expect(outcome.reply.body).not.toContain(secret)
      if ('error' in outcome) assertNamed(outcome.error, each)
    },
  )

  property('any bytes and any headers: verify throws WebhookErrors and nothing else', deliveries, async (each) => {
    const { request: sent, flat, body } = request(each)
    const event = await freshReceiver(each.sender.provider)
      .verify(sent)
      .catch((error: unknown) => {
        assertNamed(error, each)
        expect(String(error)).not.toContain(secret)
      })
    if (event !== undefined) expect(holdsProof(each.sender, flat, body)).toBe(true)
  })
})
