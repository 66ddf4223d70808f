import { WebhookError } from '../errors'
import { decodeUtf8 } from './bytes'
import { parseDecimal } from './money'

export type JsonObject = { readonly [key: string]: unknown }

const maxDepth = 32

/**
 * Parses the JSON of a delivery, refusing what two parsers could read in two ways: bytes that are not UTF-8,
 * nesting deeper than 32, a key given twice, `__proto__` and `constructor.prototype`.
 * A number that a double cannot hold exactly arrives as the string of its digits, so no amount is ever rounded.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes)
  const { members, inexactNumbers } = scan(text)
  // The text as it came is judged first: quoting could turn `{1e999:1}` into JSON.
  const rounded = parse(text)
  const value = inexactNumbers.length === 0 ? rounded : parse(quoteNumbers(text, inexactNumbers))
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

/** One pass over the text before it is parsed: a million brackets cost a parser half a second. */
function scan(text: string): Scan {
  const found: Scan = { members: 0, inexactNumbers: [] }
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === 0x22) i = endOfString(text, i)
    else if (char === 0x3a) found.members++
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > maxDepth) throw malformed(`It nests deeper than ${maxDepth} levels.`)
    } else if (char === 0x7d || char === 0x5d) depth--
    else if (char === 0x2d || (char >= 0x30 && char <= 0x39)) {
      const end = endOfNumber(text, i)
      if (!survivesDouble(text, i, end)) found.inexactNumbers.push([i, end])
      i = end - 1
    }
  }
  return found
}

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

function isEscaped(text: string, quote: number): boolean {
  let first = quote
  while (text.charCodeAt(first - 1) === 0x5c) first--
  return (quote - first) % 2 === 1
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && isNumberChar(text.charCodeAt(end))) end++
  return end
}

/** Digits and `+ - . E e`. */
function isNumberChar(char: number): boolean {
  return (
    (char >= 0x30 && char <= 0x39) || char === 0x2e || char === 0x2d || char === 0x2b || char === 0x65 || char === 0x45
  )
}

/** Up to 15 characters without exponent always come back from a double as they went in. */
function survivesDouble(text: string, start: number, end: number): boolean {
  const token = text.slice(start, end)
  if (token.length <= 15 && !/e/i.test(token)) return true
  if (!jsonNumber.test(token)) return true // not a number: the parser refuses it
  const exact = parseDecimal(token)
  return exact !== undefined && exact === parseDecimal(Number(token))
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function quoteNumbers(text: string, spans: readonly [number, number][]): string {
  let quoted = ''
  let from = 0
  for (const [start, end] of spans) {
    quoted += `${text.slice(from, start)}"${text.slice(start, end)}"`
    from = end
  }
  return quoted + text.slice(from)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the body.
    throw malformed('It is not JSON.')
  }
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item)
    return count
  }
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__' || (key === 'constructor' && isJsonObject(member) && Object.hasOwn(member, 'prototype'))) {
      throw malformed('It holds a key that could change an object prototype.')
    }
    count += 1 + countMembers(member)
  }
  return count
}

function malformed(problem: string): WebhookError {
  return new WebhookError('payload_malformed', `The body cannot be read. ${problem}`)
}
