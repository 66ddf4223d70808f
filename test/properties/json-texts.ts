import fc from 'fast-check'
import { numberTokens, sameNumber } from './decimals'

/** A number as it is spelled. */
export interface Spelled {
  readonly number: string
}
/** An object as a list: its order, and no prototype. */
export interface Members {
  readonly members: readonly (readonly [string, Json])[]
}
export type Json = null | boolean | string | Spelled | Members | readonly Json[]

export const number = (token: string | number): Spelled => ({ number: String(token) })
export const object = (...members: (readonly [string, Json])[]): Members => ({ members })
const isMembers = (value: Json): value is Members => typeof value === 'object' && value !== null && 'members' in value
const isSpelled = (value: Json): value is Spelled => typeof value === 'object' && value !== null && 'number' in value

/** Endless choices out of a few. */
export const tape = (choices: readonly number[]) => {
  let at = 0
  return () => choices[at++ % choices.length] ?? 0
}
type Tape = () => number

const blanks = ['', '', '', ' ', '\n', '\t', '\r\n  ']
const blank = (next: Tape) => blanks[next() % blanks.length] ?? ''
const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

function writeString(text: string, next: Tape): string {
  const way = next() % 4
  if (way === 1) return `"${Array.from({ length: text.length }, (_, i) => escaped(text.charAt(i))).join('')}"`
  const usual = JSON.stringify(text)
  if (way === 2) return usual.replaceAll('/', '\\/')
  return way === 3 ? usual.replace(/[\u007f-\uffff]/g, escaped) : usual
}

/** One of the many texts that mean this value. */
export function write(value: Json, next: Tape): string {
  const around = (text: string) => blank(next) + text + blank(next)
  if (typeof value === 'string') return around(writeString(value, next))
  if (value === null || typeof value === 'boolean') return around(String(value))
  if (isSpelled(value)) return around(value.number)
  if (!isMembers(value)) return around(`[${value.map((item) => write(item, next)).join(',')}]`)
  const members = value.members.map(([key, inner]) => `${around(writeString(key, next))}:${write(inner, next)}`)
  return around(`{${members.join(',')}}`)
}

/** Whether a parsed value is what was sent: numbers as such or, where a double would round, as their text. */
export function arrived(given: unknown, sent: Json): boolean {
  if (sent === null || typeof sent === 'boolean' || typeof sent === 'string') return given === sent
  if (isSpelled(sent))
    return given === sent.number || (typeof given === 'number' && sameNumber(String(given), sent.number))
  if (typeof given !== 'object' || given === null) return false
  if (!isMembers(sent))
    return Array.isArray(given) && given.length === sent.length && sent.every((item, i) => arrived(given[i], item))
  const entries = new Map(Object.entries(given))
  return entries.size === sent.members.length && sent.members.every(([key, value]) => arrived(entries.get(key), value))
}

/** Names that mean something to a provider, and the two that are refused. */
const taken = new Set(
  (
    '__proto__ prototype id type event created createdAt timestamp data object payment metadata liveMode merchant_id amount ' +
    'currency status token merchant_token payment_id product_id transaction_hash payer tx_hash pay_address destination_tag ' +
    'order_id orderId merchant_order_id price_amount price_currency pay_amount pay_currency created_at created_at_t meta ' +
    'customer paidAt failureCode failureMessage invoice_id amount_kas amount_usd txid store_name confirmed_at expires_at'
  ).split(' '),
)

export const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('\ud800', 'a\udfffb', '\u0000', '\ufeff', '"\\', '","type":"', '9007199254740993'),
)

const { value: values } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(fc.constantFrom(null, true, false), texts, numberTokens.map(number)),
    fc.array(tie('value'), { maxLength: 3 }),
    membersOf(tie('value')),
  ),
}))

function membersOf(value: fc.Arbitrary<Json>): fc.Arbitrary<Members> {
  const key = texts.map((text) => (taken.has(text) ? `${text}_` : text))
  return fc
    .uniqueArray(fc.tuple(key, value), { maxLength: 3, selector: ([name]) => name })
    .map((members) => ({ members }))
}

/** Fields that no provider knows. */
export const extras: fc.Arbitrary<Members> = membersOf(values)
export const choices = fc.array(fc.nat(20), { minLength: 1, maxLength: 9 })

/** The object with more fields in it and in its inner objects, in some order. */
export function sprinkled(value: Members, more: readonly Members[], order: Tape, depth = 0): Members {
  const { members = [] } = more[depth % Math.max(more.length, 1)] ?? {}
  const inner = value.members.map(
    ([key, item]) => [key, isMembers(item) ? sprinkled(item, more, order, depth + 1) : item] as const,
  )
  const placed = [...inner, ...members].map((member) => ({ member, place: order() }))
  return { members: placed.sort((a, b) => a.place - b.place).map(({ member }) => member) }
}
