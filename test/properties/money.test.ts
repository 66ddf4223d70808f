import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { compareDecimals, equalDecimals, parseDecimal, roundDecimal, shiftDecimal } from '../../src/core/money'
import { isWebhookError } from '../../src/errors'
import type { WebhookEvent } from '../../src/event'
import { expectPayment } from '../../src/expectation'
import { amounts, compareExact, exact, numberTokens, plain, sameNumber } from './decimals'
import { property } from './play'

const point = (text: string) => text.toLowerCase().split('e')
const zeros = fc.nat(3).map((count) => '0'.repeat(count))
/** The same number in other clothes. */
const dressed = fc
  .tuple(amounts, zeros, zeros)
  .map(([text, front, back]) => front + (text.includes('.') ? text + back : back === '' ? text : `${text}.${back}`))

/** Two numbers that are often nearly the same. */
const pairs = fc.oneof(
  fc.tuple(dressed, dressed),
  fc.tuple(amounts, fc.constantFrom('', '0', '1', '00000000000000001')).map(([text, more]): [string, string] => {
    const longer = text.includes('.') ? text + more : `${text}.0${more}`
    return [text, longer]
  }),
)

const canonical = /^(?:0|[1-9]\d*)(?:\.\d*[1-9])?$/

const paid = (value: string): WebhookEvent => ({
  provider: 'p',
  type: 't',
  wireType: 't',
  form: 'f',
  id: 'i',
  idempotencyKey: 'i',
  data: {},
  proof: { by: 'signature', coversBody: true, timestamp: 'signed' },
  rawBody: new Uint8Array(),
  payment: { outcome: 'succeeded', paymentId: 'p', orderId: 'o', amount: { value, currency: 'USD' } },
})

/** What `expectPayment` says: whether it took the payment. */
function takes(value: string, order: { orderId: string; amount: string; currency: string; orMore?: boolean }): boolean {
  try {
    return expectPayment(paid(value), order).amount?.value === value
  } catch (error) {
    if (isWebhookError(error) && error.code === 'payment_unexpected') return false
    throw error
  }
}

describe('money', () => {
  property('parseDecimal is exact, and canonical', fc.oneof(numberTokens, dressed), (text) => {
    const value = parseDecimal(text)
    const [mantissa = '', exponent = '0'] = point(text)
    const whole = mantissa.replace('-', '').split('.')[0] ?? ''
    // 40 digits either side of the point, and the point at most 80 away: what is longer is no amount.
    const short = Math.abs(whole.length + Number(exponent)) <= 80
    expect(value === undefined).toBe(!short)
    if (value === undefined) return
    expect(value).toBe(plain(exact(text)))
    expect(value.replace(/^-(?!0$)/, '')).toMatch(canonical)
  })

  property('compareDecimals and equalDecimals are those of whole numbers', pairs, ([a, b]) => {
    const order = compareExact(exact(a), exact(b))
    expect(compareDecimals(plain(exact(a)), plain(exact(b)))).toBe(order)
    expect(equalDecimals(a, b)).toBe(order === 0)
  })

  property(
    'shiftDecimal and roundDecimal are exact',
    fc.tuple(amounts, fc.integer({ min: -9, max: 9 }), fc.nat(12)),
    ([text, places, kept]) => {
      const { digits, scale } = exact(text)
      expect(shiftDecimal(text, places)).toBe(plain({ digits, scale: scale - places }))
      // Half up: add half a unit and cut.
      const unit = 10n ** BigInt(Math.max(scale - kept, 0))
      const rounded = { digits: (digits + unit / 2n) / unit, scale: Math.min(scale, kept) }
      expect(roundDecimal(text, kept)).toBe(plain(rounded))
    },
  )

  property(
    'expectPayment takes the order that was paid, and no other',
    fc.record({
      pair: pairs,
      orMore: fc.boolean(),
      orderId: fc.constantFrom('o', 'o', 'O', 'o2'),
      currency: fc.constantFrom('USD', 'usd', 'EUR'),
    }),
    ({ pair: [a, amount], orMore, orderId, currency }) => {
      const value = plain(exact(a))
      const order = compareExact(exact(value), exact(amount))
      const enough = order === 0 || (orMore && order > 0)
      expect(sameNumber(value, amount)).toBe(order === 0)
      const right = enough && orderId === 'o' && currency !== 'EUR'
      expect(takes(value, { orderId, amount, currency, orMore })).toBe(right)
    },
  )
})
