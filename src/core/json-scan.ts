import { WebhookError } from '../errors'
import { decodeUtf8 } from './bytes'
import { parseDecimal } from './money'

const maxDepth = 32

/** What the bytes of a JSON text tell before it is parsed. */
export interface Scan {
  /** How many `key: value` pairs the text holds; fewer in the parsed value means that a key stood twice. */
  readonly members: number
  /** Start and end of each number that a double would round. */
  readonly inexactNumbers: readonly (readonly [number, number])[]
}

export const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const minus = 0x2d
const digit0 = 0x30
const digit9 = 0x39
const openingBracket = 0x5b
const closingBracket = 0x5d
const openingBrace = 0x7b
const closingBrace = 0x7d

/**
 * One pass over the bytes before they are parsed: a million brackets cost a parser half a second. All that JSON is made of
 * is ASCII, which in UTF-8 is never a part of anything else.
 */
export function scanJson(bytes: Uint8Array): Scan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const inexactNumbers: [number, number][] = []
  let members = 0
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte === quote) i = endOfString(bytes, view, i + 1)
    else if (byte === colon) members++
    else if (byte === openingBrace || byte === openingBracket) {
      if (++depth > maxDepth) throw malformed(`It nests deeper than ${maxDepth} levels.`)
    } else if (byte === closingBrace || byte === closingBracket) depth--
    else if (byte === minus || (byte >= digit0 && byte <= digit9)) {
      const found = endOfNumber(bytes, i)
      const end = Math.abs(found)
      if ((found < 0 || end - i > 15) && !survivesDouble(bytes, i, end)) inexactNumbers.push([i, end])
      i = end - 1
    }
  }
  return { members, inexactNumbers }
}

/** From here on the search of the platform is faster than a loop. */
const shortString = 32

/**
 * Index of the quote that closes the string opened before `from`, or the end of the text. Looked for four bytes at a time:
 * `marks` has the top bit of each that is a quote, exactly so up to the first one.
 */
function endOfString(bytes: Uint8Array, view: DataView, from: number): number {
  const near = Math.min(from + shortString, bytes.length - 3)
  let at = from
  while (at < near) {
    const others = view.getUint32(at, true) ^ 0x22222222
    const marks = (others - 0x01010101) & ~others & 0x80808080
    if (marks === 0) at += 4
    else {
      at += (31 - Math.clz32(marks & -marks)) >>> 3
      if (!isEscaped(bytes, at)) return at
      at++
    }
  }
  return endOfLongString(bytes, at)
}

function endOfLongString(bytes: Uint8Array, from: number): number {
  let end = bytes.indexOf(quote, from)
  while (end !== -1 && isEscaped(bytes, end)) end = bytes.indexOf(quote, end + 1)
  return end === -1 ? bytes.length : end
}

function isEscaped(bytes: Uint8Array, index: number): boolean {
  if (bytes[index - 1] !== backslash) return false
  let first = index - 1
  while (bytes[first - 1] === backslash) first--
  return (index - first) % 2 === 1
}

/** What a number is made of, by byte: 1, and 2 for `E` and `e`; 0 is anything else. */
const numberBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return '0123456789+-.'.includes(character) ? 1 : 'Ee'.includes(character) ? 2 : 0
})

/** Index behind the number that starts at `start`; negative where it has an exponent. */
function endOfNumber(bytes: Uint8Array, start: number): number {
  let seen = 0
  let end = start
  while (end < bytes.length) {
    const kind = numberBytes[bytes[end] ?? 0] ?? 0
    if (kind === 0) break
    seen |= kind
    end++
  }
  return seen < 2 ? end : -end
}

/** Up to 15 characters without exponent always come back from a double as they went in. */
function survivesDouble(bytes: Uint8Array, start: number, end: number): boolean {
  const token = decodeUtf8(bytes.subarray(start, end))
  if (!jsonNumber.test(token)) return true // not a number: the parser refuses it
  const exact = parseDecimal(token)
  return exact !== undefined && exact === parseDecimal(Number(token))
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

export function malformed(problem: string): WebhookError {
  return new WebhookError('payload_malformed', `The body cannot be read. ${problem}`)
}
