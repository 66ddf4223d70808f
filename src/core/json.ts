import { decodeUtf8, joinBytes } from './bytes'
import { openingBrace, quote } from './json-bytes'
import { malformed, type Scan, type Span, scanJson } from './json-scan'
import { once } from './once'

export type JsonObject = { readonly [key: string]: unknown }

/**
 * Parses the JSON of a delivery, refusing what two parsers could read in two ways: bytes that are not UTF-8,
 * nesting deeper than 32, a key given twice, `__proto__` and `constructor.prototype`.
 * A number that a double cannot hold exactly arrives as the string of its digits, so no amount is ever rounded.
 */
export function parseJson(bytes: Uint8Array): unknown {
  return parseScanned(bytes, scanJson(bytes, Number.POSITIVE_INFINITY))
}

/** Like `parseJson`, for a payload that must be an object. */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  return asObject(parseJson(bytes))
}

/** A JSON object, parsed as deep as was asked for. */
export interface Shallow {
  readonly object: JsonObject
  /** All of it, parsed when first asked for. Left out where `object` is all of it. */
  readonly whole?: () => JsonObject
}

/**
 * Like `parseJsonObject`, down to so many levels, the object itself being the first. An object or array below them stands there empty: all
 * of it is known to be right, and nothing was made of it. What is done to the bytes later changes nothing.
 */
export function parseShallow(bytes: Uint8Array, levels: number): Shallow {
  const scan = scanJson(bytes, levels)
  if (scan.deep.length === 0) return { object: asObject(parseScanned(bytes, scan)) }
  if (scan.inexactNumbers.length > 0) return { object: parseJsonObject(bytes) }
  const text = decodeUtf8(bytes)
  const object = asObject(counted(parse(withoutDeep(bytes, text, scan.deep)), scan))
  // What was left out has nothing that would have to be quoted or counted.
  return { object, whole: once(() => asObject(parse(text))) }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asObject(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw malformed('It is not a JSON object.')
  return value
}

function parseScanned(bytes: Uint8Array, scan: Scan): unknown {
  // The text as it came is judged first: quoting could turn `{1e999:1}` into JSON.
  const rounded = parse(decodeUtf8(bytes))
  const value = scan.inexactNumbers.length === 0 ? rounded : parse(decodeUtf8(quoteNumbers(bytes, scan.inexactNumbers)))
  return counted(value, scan)
}

function counted(value: unknown, { members }: Scan): unknown {
  if (countMembers(value) !== members) throw malformed('It gives a key twice.')
  return value
}

/** The text with nothing in its deep objects and arrays. Text beyond ASCII has fewer characters than bytes. */
function withoutDeep(bytes: Uint8Array, text: string, deep: readonly Span[]): string {
  const isAscii = text.length === bytes.length
  const part = (from: number, to: number) => (isAscii ? text.slice(from, to) : decodeUtf8(bytes.subarray(from, to)))
  let shallow = ''
  let from = 0
  for (const [start, end] of deep) {
    shallow += part(from, start) + (bytes[start] === openingBrace ? '{}' : '[]')
    from = end
  }
  return shallow + part(from, bytes.length)
}

function quoteNumbers(bytes: Uint8Array, spans: readonly Span[]): Uint8Array {
  const parts: Uint8Array[] = []
  let from = 0
  for (const [start, end] of spans) {
    parts.push(bytes.subarray(from, start), quoteMark, bytes.subarray(start, end), quoteMark)
    from = end
  }
  return joinBytes([...parts, bytes.subarray(from)])
}

const quoteMark = Uint8Array.of(quote)

function parse(text: string): unknown {
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
