import { WebhookError } from '../errors'
import { decodeUtf8 } from './bytes'
import {
  backslash,
  beforeMark,
  closingBrace,
  closingBracket,
  colon,
  digit0,
  digit9,
  maxDepth,
  minus,
  openingBrace,
  openingBracket,
  quote,
  sameBytes,
} from './json-bytes'
import { skimContainer } from './json-skim'
import { parseDecimal } from './money'

/** Where something starts, and the index behind it. */
export type Span = readonly [start: number, end: number]

/** What the bytes of a JSON text tell before it is parsed. */
export interface Scan {
  /** How many `key: value` pairs the text holds; fewer in the parsed value means that a key stood twice. */
  readonly members: number
  /** Each number that a double would round. */
  readonly inexactNumbers: readonly Span[]
  /** Each object or array that lies deeper than was asked for, is plain JSON and worth leaving out. What is in it counts for nothing above. */
  readonly deep: readonly Span[]
}

/** What has fewer bytes is parsed at once: leaving it out would save less than parsing it later costs those who read it. */
const minDeep = 1024

/** One pass over the bytes before they are parsed. */
export function scanJson(bytes: Uint8Array, levels: number): Scan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const inexactNumbers: Span[] = []
  const deep: Span[] = []
  let members = 0
  let depth = 0
  let skimmed = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte === quote) i = endOfString(bytes, view, i + 1)
    else if (byte === colon) members++
    else if (byte === openingBrace || byte === openingBracket) {
      if (++depth > maxDepth) throw malformed(`It nests deeper than ${maxDepth} levels.`)
      if (depth <= levels || i < skimmed || bytes.length - i < minDeep) continue
      const end = skimContainer(bytes, view, i, depth)
      // Nothing is skimmed twice: what is not plain is for the parser, and all that follows.
      skimmed = end < 0 ? bytes.length : end
      if (end - i < minDeep) continue
      deep.push([i, end])
      depth--
      i = end - 1
    } else if (byte === closingBrace || byte === closingBracket) depth--
    else if (byte === minus || (byte >= digit0 && byte <= digit9)) {
      const found = endOfNumber(bytes, i)
      const end = Math.abs(found)
      if ((found < 0 || end - i > 15) && !survivesDouble(bytes, i, end)) inexactNumbers.push([i, end])
      i = end - 1
    }
  }
  return { members, inexactNumbers, deep }
}

/** From here on the search of the platform is faster than a loop. */
const shortString = 32

/** Index of the quote that closes the string opened before `from`, or the end of the text. Looked for four bytes at a time. */
function endOfString(bytes: Uint8Array, view: DataView, from: number): number {
  const near = Math.min(from + shortString, bytes.length - 3)
  let at = from
  while (at < near) {
    const marks = sameBytes(view.getUint32(at, true), 0x22222222)
    if (marks === 0) at += 4
    else {
      at += beforeMark(marks)
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
