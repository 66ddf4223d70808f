import fc from 'fast-check'
import type { HeadersInput, WebhookRequest } from '../../src'
import { hexHmac } from '../support/deliveries'
import { number, object } from './json-texts'
import { answer, confirmed, type Sender, seconds, secret, signers, spell, tokenSenders } from './senders'

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
export const timed = (key: string) => (body: Uint8Array) => `t=${seconds},v1=${hexHmac(key, `${seconds}.`, body)}`
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
const names: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('X-CasPay-Signature', 'x-payqi-signature', 'PAYVOST-SIGNATURE', 'X-Payvost-Signature'),
  fc.constantFrom('x-payqi-timestamp', 'X-CasPay-Event', 'X-CasPay-Timestamp', 'Content-Length'),
  fc.constantFrom('__proto__', 'constructor', 'get', 'length', '', 'Content-Encoding'),
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

export const deliveries = fc.record({
  sender: fc.constantFrom(...senders),
  body: bodies,
  own: fc.constantFrom('right', 'right', 'any', 'none'),
  list: headerLists,
  shape: shapes,
  bodyAs: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('bytes', 'text', 'function') },
    fc.constantFrom('throwing', 'parsed'),
  ),
  method: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(undefined, 'POST') }, fc.constantFrom('GET', 'post', '')),
})
export type Case = typeof deliveries extends fc.Arbitrary<infer T> ? T : never

/** The sender's own headers before the others: right, with any value, or left out. */
function withOwn({ sender, own, list }: Case, body: Uint8Array): Case['list'] {
  const right = sender.headers(body).map(([name, value]): [string, Value] => [name, () => value])
  const [[, any] = []] = list
  if (own === 'right') return [...right, ...list]
  return own === 'any' ? [...right.map(([name]): Case['list'][number] => [name, any]), ...list] : list
}

/** The request of a case, with its headers as a plain list and its body as bytes. */
export function request(each: Case) {
  const { body: given, shape, bodyAs, method } = each
  const body = bodyAs === 'text' ? Buffer.from(given.toString('latin1')) : given
  const { headers, flat } = build(withOwn(each, body), shape, body)
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
