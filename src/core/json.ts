import { WebhookError } from '../errors'
import { decodeUtf8, joinBytes } from './bytes'
import { parseDecimal } from './money'

export type JsonObject = { readonly [key: string]: unknown }

const maxDepth = 32

/**
 * Parses the JSON of a delivery, refusing what two parsers could read in two ways: bytes that are not UTF-8,
 * nesting deeper than 32, a key given twice, `__proto__` and `constructor.prototype`.
 * A number that a double cannot hold exactly arrives as the string of its digits, so no amount is ever rounded.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const { members, inexactNumbers } = scan(bytes)
  // The text as it came is judged first: quoting could turn `{1e999:1}` into JSON.
  const rounded = parse(bytes)
  const value = inexactNumbers.length === 0 ? rounded : parse(quoteNumbers(bytes, inexactNumbers))
  if (countMembers(value) !== members) throw malformed('It gives a key twice.')
  return value
}

/** Like `parseJson`, for a payload that must be an object. */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  const value = parseJson(bytes)
  if (!isJsonObject(value)) throw malformed('It is not a JSON object.')
  return value
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Scan {
  /** How many `key: value` pairs the text holds; fewer in the parsed value means that a key stood twice. */
  members: number
  /** Start and end of each number that a double would round. */
  inexactNumbers: [number, number][]
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const minus = 0x2d

/**
 * One pass over the bytes before they are parsed: a million brackets cost a parser half a second. All that JSON is made of
 * is ASCII, which in UTF-8 is never a part of anything else.
 */
function scan(bytes: Uint8Array): Scan {
  const found: Scan = { members: 0, inexactNumbers: [] }
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte === quote) i = endOfString(bytes, i)
    else if (byte === colon) found.members++
    else if (isOpening(byte)) {
      if (++depth > maxDepth) throw malformed(`It nests deeper than ${maxDepth} levels.`)
    } else if (isClosing(byte)) depth--
    else if (byte === minus || isDigit(byte)) {
      const end = endOfNumber(bytes, i)
      if (!survivesDouble(bytes, i, end)) found.inexactNumbers.push([i, end])
      i = end - 1
    }
  }
  return found
}

/** `{` or `[`. */
function isOpening(byte: number): boolean {
  return byte === 0x7b || byte === 0x5b
}

/** `}` or `]`. */
function isClosing(byte: number): boolean {
  return byte === 0x7d || byte === 0x5d
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** From here on the search of the platform is faster than a loop. */
const shortString = 32

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(bytes: Uint8Array, start: number): number {
  let end = start + 1
  while (end < bytes.length) {
    const near = Math.min(end + shortString, bytes.length)
    while (end < near && bytes[end] !== quote) end += bytes[end] === backslash ? 2 : 1
    if (end < near) return end
    const next = bytes.indexOf(quote, end)
    if (next === -1) break
    if (!isEscaped(bytes, next)) return next
    end = next + 1
  }
  return bytes.length
}

function isEscaped(bytes: Uint8Array, index: number): boolean {
  let first = index
  while (bytes[first - 1] === backslash) first--
  return (index - first) % 2 === 1
}

function endOfNumber(bytes: Uint8Array, start: number): number {
  let end = start + 1
  while (end < bytes.length && isNumberByte(bytes[end] ?? 0)) end++
  return end
}

/** Digits and `+ - . E e`. */
function isNumberByte(byte: number): boolean {
  return isDigit(byte) || byte === 0x2e || byte === minus || byte === 0x2b || isExponent(byte)
}

function isExponent(byte: number): boolean {
  return byte === 0x65 || byte === 0x45
}

/** Up to 15 characters without exponent always come back from a double as they went in. */
function survivesDouble(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= 15 && !hasExponent(bytes, start, end)) return true
  const token = decodeUtf8(bytes.subarray(start, end))
  if (!jsonNumber.test(token)) return true // not a number: the parser refuses it
  const exact = parseDecimal(token)
  return exact !== undefined && exact === parseDecimal(Number(token))
}

function hasExponent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (isExponent(bytes[i] ?? 0)) return true
  return false
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function quoteNumbers(bytes: Uint8Array, spans: readonly [number, number][]): Uint8Array {
  const parts: Uint8Array[] = []
  let from = 0
  for (const [start, end] of spans) {
    parts.push(bytes.subarray(from, start), quoteMark, bytes.subarray(start, end), quoteMark)
    from = end
  }
  return joinBytes([...parts, bytes.subarray(from)])
}

const quoteMark = Uint8Array.of(quote)

function parse(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes)
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the body.
    throw malformed('It is not JSON.')
  }
}

/** The one form of asking that is free while a loop goes through the names. */
const { hasOwnProperty: isOwn } = Object.prototype

function countMembers(value: unknown): number {
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countMembers(item)
  } else if (isJsonObject(value)) {
    for (const key in value) {
      if (!isOwn.call(value, key)) continue
      const member = value[key]
      assertHarmless(key, member)
      count += typeof member === 'object' ? 1 + countMembers(member) : 1
    }
  }
  return count
}

function assertHarmless(key: string, member: unknown): void {
  if (key === '__proto__' || (key === 'constructor' && isJsonObject(member) && Object.hasOwn(member, 'prototype')))
    throw malformed('It holds a key that could change an object prototype.')
}

function malformed(problem: string): WebhookError {
  return new WebhookError('payload_malformed', `The body cannot be read. ${problem}`)
}
