/**
 * Money is text here: a decimal string such as `150.5`, without exponent, leading zeros or trailing zeros.
 * No float ever touches it.
 */
const grammar = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?$/
/** What stays as it is, but for zeros at the end. */
const plain = /^(?:0|[1-9]\d{0,39})(?:\.\d{1,40})?$/
const maxDigits = 80

/** The canonical decimal string of a JSON amount, exact; `undefined` if it is none or absurdly long. */
export function parseDecimal(input: unknown): string | undefined {
  if (typeof input !== 'string' && typeof input !== 'number') return undefined
  const text = String(input)
  if (plain.test(text)) return withoutTrailingPlaces(text)
  const parts = grammar.exec(text)
  if (parts === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  return placePoint(sign, whole + fraction, whole.length + Number(exponent))
}

/** `value` × 10^`places`: negative places turn minor units into whole ones. */
export function shiftDecimal(value: string, places: number): string | undefined {
  if (!plain.test(value)) return parseDecimal(`${value}e${places}`)
  const point = value.indexOf('.')
  if (point === -1) return placePoint('', value, value.length + places)
  return placePoint('', value.slice(0, point) + value.slice(point + 1), point + places)
}

/** A canonical decimal rounded half up to `places` digits after the point. */
export function roundDecimal(value: string, places: number): string | undefined {
  const [whole = '', fraction = ''] = value.split('.')
  if (fraction.length <= places) return parseDecimal(value)
  const up = fraction.charCodeAt(places) >= 0x35 ? 1n : 0n
  return shiftDecimal(String(BigInt(whole + fraction.slice(0, places)) + up), -places)
}

/** Whether two amounts are the same number: `10.00` and `10` are. */
export function equalDecimals(a: unknown, b: unknown): boolean {
  const left = parseDecimal(a)
  return left !== undefined && left === parseDecimal(b)
}

/** Compares two non-negative canonical decimals: -1, 0 or 1. */
export function compareDecimals(a: string, b: string): -1 | 0 | 1 {
  const [wholeA = '', fractionA = ''] = a.split('.')
  const [wholeB = '', fractionB = ''] = b.split('.')
  if (wholeA.length !== wholeB.length) return wholeA.length < wholeB.length ? -1 : 1
  const left = wholeA + fractionA.padEnd(fractionB.length, '0')
  const right = wholeB + fractionB.padEnd(fractionA.length, '0')
  if (left === right) return 0
  return left < right ? -1 : 1
}

function placePoint(sign: string, digits: string, point: number): string | undefined {
  if (point > maxDigits || point < -maxDigits) return undefined
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0')
  const split = point <= 0 ? 1 : point
  const whole = withoutLeadingZeros(padded.slice(0, split))
  const fraction = withoutTrailingZeros(padded.slice(split))
  const value = fraction === '' ? whole : `${whole}.${fraction}`
  return value === '0' ? '0' : sign + value
}

/** Keeps the last one. */
function withoutLeadingZeros(digits: string): string {
  let start = 0
  while (start < digits.length - 1 && digits[start] === '0') start++
  return digits.slice(start)
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end--
  return digits.slice(0, end)
}

function withoutTrailingPlaces(decimal: string): string {
  if (!decimal.includes('.')) return decimal
  const value = withoutTrailingZeros(decimal)
  return value.endsWith('.') ? value.slice(0, -1) : value
}
