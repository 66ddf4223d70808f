import fc from 'fast-check'

/** `digits` × 10^-`scale`: a decimal as whole numbers, with nothing of the library. */
export interface Exact {
  readonly digits: bigint
  readonly scale: number
}

export function exact(text: string): Exact {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), scale: fraction.length - Number(exponent) }
}

export function compareExact(a: Exact, b: Exact): -1 | 0 | 1 {
  const scale = Math.max(a.scale, b.scale)
  const left = a.digits * 10n ** BigInt(scale - a.scale)
  const right = b.digits * 10n ** BigInt(scale - b.scale)
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** Without exponent, leading or trailing zeros. */
export function plain({ digits, scale }: Exact): string {
  if (scale < 0) return String(digits * 10n ** BigInt(-scale))
  const sign = digits < 0n ? '-' : ''
  const padded = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
  const point = padded.length - scale
  let fraction = padded.slice(point)
  while (fraction.endsWith('0')) fraction = fraction.slice(0, -1)
  return sign + padded.slice(0, point) + (fraction === '' ? '' : `.${fraction}`)
}

/** Whether two texts are the same number. */
export const sameNumber = (a: string, b: string): boolean => compareExact(exact(a), exact(b)) === 0

const digitsOf = (min: number, max: number) =>
  fc.array(fc.constantFrom(...'0123456789009'), { minLength: min, maxLength: max }).map((digits) => digits.join(''))

/** A whole number as JSON has it: no leading zeros. */
const wholeOf = (max: number) => digitsOf(1, max).map((digits) => digits.replace(/^0+(?=\d)/, ''))

/** A decimal of up to 30 digits, in all. */
export const amounts: fc.Arbitrary<string> = fc
  .tuple(wholeOf(30), digitsOf(0, 29))
  .map(([whole, fraction]) => [whole, fraction.slice(0, 30 - whole.length)])
  .map(([whole, fraction]) => (fraction === '' ? `${whole}` : `${whole}.${fraction}`))

/** A JSON number in any spelling. */
export const numberTokens: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom('', '-'), amounts, fc.constantFrom('', '', 'e', 'E', 'e+', 'e-', 'E-'), fc.nat(40))
  .map(([sign, amount, e, exponent]) => sign + amount + (e === '' ? '' : e + exponent))
