import { digit0, digit9, minus, point } from './json-bytes'
import { type JsonSource, notJson } from './json-source'
import { parseDecimal } from './money'

/** A number of up to so many characters and no exponent always comes back from a double as it went in. */
const safeLength = 15

/** Reads the number that is next; one that a double would round, as the string of its digits. */
export function readNumber(source: JsonSource): number | string {
  const { bytes } = source
  const first = bytes[source.at] === minus ? source.at + 1 : source.at
  let at = first
  let digits = 0
  for (; isDigit(bytes[at]); at++) digits = withDigit(digits, bytes[at])
  if (at === first || (bytes[first] === digit0 && at > first + 1)) throw notJson()
  let scale = 1
  if (bytes[at] === point) {
    for (at++; isDigit(bytes[at]); at++, scale *= 10) digits = withDigit(digits, bytes[at])
    if (scale === 1) throw notJson()
  }
  if (at - first > safeLength || isExponent(bytes[at])) return readLongNumber(source)
  // Both are exact, and so their quotient is the nearest double, as the parser of the platform gives it.
  const value = digits / scale
  const isNegative = first > source.at
  source.at = at
  return isNegative ? -value : value
}

function withDigit(digits: number, byte = 0): number {
  return digits * 10 + (byte - digit0)
}

function isDigit(byte = 0): boolean {
  return byte >= digit0 && byte <= digit9
}

function isExponent(byte = 0): boolean {
  return byte === 0x65 || byte === 0x45
}

const isNumeric = Array.from({ length: 256 }, (_, byte) =>
  Number('0123456789+-.eE'.includes(String.fromCharCode(byte))),
)

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function readLongNumber(source: JsonSource): number | string {
  let end = source.at
  while (isNumeric[source.bytes[end] ?? 0] === 1) end++
  const token = source.ascii(source.at, end)
  if (!jsonNumber.test(token)) throw notJson()
  source.at = end
  const exact = parseDecimal(token)
  return exact !== undefined && exact === parseDecimal(Number(token)) ? Number(token) : token
}
