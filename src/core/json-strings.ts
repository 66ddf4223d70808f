import { decodeUtf8 } from './bytes'
import { backslash, quote } from './json-bytes'
import { type JsonSource, notJson } from './json-source'

/** Reads the string whose opening quote is next. */
export function readString(source: JsonSource): string {
  const { bytes } = source
  const start = source.at + 1
  let at = start
  while (isPlain[bytes[at] ?? 0] === 1) at++
  if (bytes[at] !== quote) return readOddString(source, at)
  source.at = at + 1
  return source.ascii(start, at)
}

/** ASCII that stands for itself in a string. No typed array: once a process has detached any buffer, as `fetch` does, each read of one costs more. */
const isPlain = Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte < 0x80 && byte !== quote && byte !== backslash),
)

/** A string with escapes or with letters beyond ASCII, the first of which is at `from`. The parser of the platform is best at these. */
function readOddString(source: JsonSource, from: number): string {
  const { bytes, at: start } = source
  const end = endOfString(bytes, from) + 1
  source.at = end
  return unquoted(isShortAscii(bytes, start, end) ? source.ascii(start, end) : decodeUtf8(bytes.subarray(start, end)))
}

function unquoted(token: string): string {
  try {
    return JSON.parse(token)
  } catch {
    // The parser's own message quotes the body.
    throw notJson()
  }
}

/** Index of the next quote that closes a string. */
function endOfString(bytes: Uint8Array, from: number): number {
  let end = bytes.indexOf(quote, from)
  while (end !== -1 && isEscaped(bytes, end)) end = bytes.indexOf(quote, end + 1)
  if (end === -1) throw notJson()
  return end
}

function isEscaped(bytes: Uint8Array, index: number): boolean {
  let first = index
  while (bytes[first - 1] === backslash) first--
  return (index - first) % 2 === 1
}

/** Up to here a look costs less than a decoder. */
const shortLength = 64

function isShortAscii(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > shortLength) return false
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) >= 0x80) return false
  return true
}
