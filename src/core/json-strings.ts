import { decodeUtf8 } from './bytes'
import { backslash, quote } from './json-bytes'
import { type JsonSource, notJson } from './json-source'

/** Reads the string whose opening quote is next. */
export function readString(source: JsonSource): string {
  const { bytes } = source
  const start = source.at + 1
  let at = start
  while (isPlain[bytes[at] ?? 0] === 1) at++
  if (bytes[at] !== quote) return readOddString(source, start, at)
  source.at = at + 1
  return source.ascii(start, at)
}

/** ASCII that stands for itself in a string. */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte < 0x80 && byte !== quote && byte !== backslash),
)

/** A string with escapes, or with letters beyond ASCII, the first of which is at `from`. */
function readOddString(source: JsonSource, start: number, from: number): string {
  const { bytes, view } = source
  let hasEscapes = false
  let at = endOfRun(bytes, view, from)
  for (; bytes[at] !== quote; at = endOfRun(bytes, view, at + 2)) {
    if (bytes[at] !== backslash) throw notJson()
    hasEscapes = true
  }
  source.at = at + 1
  if (!hasEscapes) return decodeUtf8(bytes.subarray(start, at))
  const isShortAscii = at - start < shortLength && isAscii(bytes, start, at)
  return unescaped(isShortAscii ? source.ascii(start - 1, at + 1) : decodeUtf8(bytes.subarray(start - 1, at + 1)))
}

/** Up to here a loop is faster than a decoder. */
const shortLength = 64

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) >= 0x80) return false
  return true
}

function unescaped(token: string): string {
  try {
    return JSON.parse(token)
  } catch {
    // The parser's own message quotes the body.
    throw notJson()
  }
}

/** Index of the first byte from `from` on that a string does not simply go on after: a quote, a backslash, a control character, or the end. */
function endOfRun(bytes: Uint8Array, view: DataView, from: number): number {
  let at = from
  for (const last = bytes.length - 4; at <= last; at += 4) {
    const marks = marksOf(view.getUint32(at, true))
    if (marks !== 0) return at + beforeMark(marks)
  }
  while (goesOn[bytes[at] ?? 0] === 1) at++
  return at
}

const goesOn = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte !== quote && byte !== backslash),
)

/** Which of four bytes a string does not go on after: the top bit of each, right up to the first one. */
function marksOf(four: number): number {
  const control = (four - 0x20202020) & ~four & 0x80808080
  return sameBytes(four, 0x22222222) | sameBytes(four, 0x5c5c5c5c) | control
}

/** Which of four bytes are `byte` four times over: the top bit of each, right up to the first one. */
function sameBytes(four: number, fourTimes: number): number {
  const others = four ^ fourTimes
  return (others - 0x01010101) & ~others & 0x80808080
}

/** How many bytes come before the first mark. */
function beforeMark(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >>> 3
}
