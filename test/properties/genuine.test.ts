import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { rejection } from '../support/errors'
import { amounts, exact, numberTokens, plain, sameNumber } from './decimals'
import { arrived, choices, extras, type Json, number } from './json-texts'
import { property } from './play'
import {
  answer,
  confirmed,
  dataArrived,
  freshReceiver,
  now,
  type Sender,
  signers,
  spell,
  tokenSenders,
} from './senders'

const spelling = { more: fc.array(extras, { minLength: 3, maxLength: 3 }), order: choices, style: choices }
const fields = fc.record({ id: fc.constant('id_1'), amount: amounts.map(number) })
const senders = fc.constantFrom(...signers, ...tokenSenders)
/** Printable ASCII without spaces; 20 characters are left for what is put before and behind. */
const ids = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 236,
})

const receiveFrom = async (sender: Sender, body: Uint8Array) => {
  const outcome = await freshReceiver(sender.provider).receive({ headers: sender.headers(body), body }, () => {})
  if (outcome.kind !== 'processed') throw new Error(`${sender.name}: ${outcome.kind} ${JSON.stringify(outcome)}`)
  return outcome.event
}

describe('genuine deliveries', () => {
  property(
    'what was signed verifies, in any spelling, and arrives as it was sent',
    fc.record({ ...spelling, fields, sender: fc.oneof(senders, fc.constant('kasperopay' as const)) }),
    async ({ fields, more, order, style, sender }) => {
      const api = spell(answer(fields), more, order, style)
      const from = sender === 'kasperopay' ? confirmed(api.bytes.toString()) : sender
      const { value, bytes } = spell(from.body(fields), more, order, style)
      const event = await receiveFrom(from, bytes)
      expect([event.type, event.form, event.payment?.outcome]).toEqual([from.type, from.form, 'succeeded'])
      expect(Buffer.compare(event.rawBody, bytes)).toBe(0)
      const whole = sender === 'kasperopay' ? arrived(event.data, api.value) : dataArrived(from, event.data, value)
      expect(whole).toBe(true)
      if (sender === 'kasperopay') return
      const { bytes: bare } = spell(from.body(fields), [], order, style)
      expect(event.payment).toEqual((await receiveFrom(from, bare)).payment)
    },
  )

  property(
    'an amount of up to 30 digits arrives without loss',
    fc.record({ amount: amounts, quoted: fc.boolean(), sender: fc.oneof(senders, fc.constant('kasperopay' as const)) }),
    async ({ amount, quoted, sender }) => {
      const sent: Json = quoted ? amount : number(amount)
      const fields = { id: 'id_1', amount: sent }
      const from = sender === 'kasperopay' ? confirmed(spell(answer(fields), [], [0], [0]).bytes.toString()) : sender
      const { value, bytes } = spell(from.body(fields), [], [0], [0])
      const event = await receiveFrom(from, bytes)
      if (sender !== 'kasperopay') expect(dataArrived(from, event.data, value)).toBe(true)
      const given = event.payment?.amount?.value
      if (from.places === undefined) return expect(given).toBeUndefined()
      const { digits, scale } = exact(amount)
      // A minor unit has no fraction: what is written with one has no amount, or the exact one.
      if (given === undefined) expect([from.form, amount.includes('.')]).toEqual(['main', true])
      else expect(given).toBe(plain({ digits, scale: scale - from.places }))
    },
  )

  property(
    'an id arrives unchanged',
    fc.record({
      id: ids,
      style: choices,
      sender: fc.constantFrom(...signers.filter(({ form }) => form !== 'plugin'), ...tokenSenders),
    }),
    async ({ id, style, sender }) => {
      const { bytes } = spell(sender.body({ id, amount: '1' }), [], [0], style)
      // What makes an id of several parts one must still fit.
      const fitting = sender.type === 'PAID' ? id.slice(0, 218) : id
      const body = fitting === id ? bytes : spell(sender.body({ id: fitting, amount: '1' }), [], [0], style).bytes
      const event = await receiveFrom(sender, body)
      expect(event.id).toBe(sender.idOf?.(fitting) ?? fitting)
      if (sender.type !== 'PAID') expect(event.idempotencyKey).toBe(event.id)
      if (event.payment !== undefined) expect(event.payment.paymentId).toBe(fitting)
    },
  )

  property(
    'a number of JSON arrives without loss',
    fc.record({ token: numberTokens, sender: fc.constantFrom(...signers) }),
    async ({ token, sender }) => {
      const { bytes } = spell(sender.body({ id: 'id_1', amount: '1' }), [{ members: [['n', number(token)]] }], [0], [0])
      const { data } = await receiveFrom(sender, bytes)
      const { n } = data as { n: string | number }
      expect(typeof n === 'string' ? n === token : sameNumber(String(n), token)).toBe(true)
    },
  )
})

describe('changed deliveries', () => {
  const flipped = (bytes: Uint8Array, at: number) => {
    const bit = at % (bytes.length * 8)
    return Uint8Array.from(bytes, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
  }

  property(
    'one changed bit of the body is refused',
    fc.record({ ...spelling, fields, sender: fc.constantFrom(...signers), bit: fc.nat() }),
    async ({ fields, more, order, style, sender, bit }) => {
      const { bytes } = spell(sender.body(fields), more, order, style)
      const request = { headers: sender.headers(bytes), body: flipped(bytes, bit) }
      expect((await rejection(freshReceiver(sender.provider).verify(request))).code).toBe('signature_mismatch')
    },
  )

  property(
    'one changed bit of the signature or token is refused',
    fc.record({
      fields,
      sender: fc.oneof(fc.constantFrom(...signers), fc.constantFrom(...tokenSenders)),
      bit: fc.nat(),
    }),
    async ({ fields, sender, bit }) => {
      const { bytes } = spell(sender.body(fields), [], [0], [0])
      const [[name, value] = ['', ''], ...rest] = sender.headers(bytes)
      const changed: [string, string] = [
        name,
        Buffer.from(flipped(Buffer.from(value, 'latin1'), bit)).toString('latin1'),
      ]
      const request = sender.unsigned
        ? { headers: [], body: withChangedToken(bytes, bit) }
        : { headers: [changed, ...rest], body: bytes }
      expect((await rejection(freshReceiver(sender.provider).verify(request))).status).toBe(401)
    },
  )

  /** The token is the last text of the body. */
  function withChangedToken(bytes: Buffer, bit: number): Uint8Array {
    const end = bytes.lastIndexOf('"')
    const start = bytes.lastIndexOf('"', end - 1) + 1
    return Buffer.concat([bytes.subarray(0, start), flipped(bytes.subarray(start, end), bit), bytes.subarray(end)])
  }

  property(
    'the time of an attempt is held to the second, both ways',
    fc.record({
      nowMs: fc.integer({ min: 1_100_000_000_000, max: 9_000_000_000_000 }),
      tolerance: fc.integer({ min: 1, max: 86_400 }),
      away: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -90_000, max: 90_000 })),
      ahead: fc.boolean(),
      sender: fc.constantFrom(...signers.filter(({ name }) => name === 'payqi' || /plugin.*t=/.test(name))),
    }),
    async ({ nowMs, tolerance, away, ahead, sender }) => {
      const offset = Math.max(0, tolerance + away)
      const at = Math.floor(nowMs / 1000) + (ahead ? offset : -offset)
      const text = spell(sender.body({ id: 'id_1', amount: '1' }), [], [0], [0]).bytes.toString()
      const body = Buffer.from(text.replace(String(now / 1000), String(Math.floor(nowMs / 1000))))
      const receiver = freshReceiver(sender.provider, { toleranceSeconds: tolerance, now: () => nowMs })
      const { kind } = await receiver.receive({ headers: sender.headers(body, at), body }, () => {})
      expect(kind).toBe(offset <= tolerance ? 'processed' : 'rejected')
    },
  )
})
