import { decodeUtf8, joinBytes } from './bytes'
import { malformed, quote, type Scan, scanJson } from './json-scan'

export type JsonObject = { readonly [key: string]: unknown }

/**
 * Parses the JSON of a delivery, refusing what two parsers could read in two ways: bytes that are not UTF-8,
 * nesting deeper than 32, a key given twice, `__proto__` and `constructor.prototype`.
 * A number that a double cannot hold exactly arrives as the string of its digits, so no amount is ever rounded.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const { members, inexactNumbers } = scanJson(bytes)
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

function quoteNumbers(bytes: Uint8Array, spans: Scan['inexactNumbers']): Uint8Array {
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
