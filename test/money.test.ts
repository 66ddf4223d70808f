import { describe, expect, it } from 'vitest'
import { minorUnitDigits } from '../src/core/minor-units'
import { compareDecimals, equalDecimals, parseDecimal, shiftDecimal } from '../src/core/money'

describe('parseDecimal', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['0.00', '0'],
    ['10.00', '10'],
    ['0010.50', '10.5'],
    ['150.5', '150.5'],
    ['1e2', '100'],
    ['1.5E-3', '0.0015'],
    ['0.1e1', '1'],
    ['-2.50', '-2.5'],
    ['9007199254740993', '9007199254740993'],
    [1e21, '1000000000000000000000'],
    [1e-7, '0.0000001'],
    [0.1, '0.1'],
  ])('%s is %s', (input, value) => expect(parseDecimal(input)).toBe(value))

  it.each([
    '',
    ' 1',
    '1 ',
    '1,5',
    '1_000',
    '+1',
    '.5',
    '5.',
    '0x10',
    'NaN',
    'Infinity',
    '1e',
    '1e400',
    '1e-400',
    '٣',
    '1'.repeat(41),
    null,
    undefined,
    {},
    true,
    Number.NaN,
  ])('refuses %j', (input) => expect(parseDecimal(input)).toBeUndefined())
})

describe('decimals', () => {
  it('moves the point exactly', () => {
    expect(shiftDecimal('9007199254740993', -9)).toBe('9007199.254740993')
    expect(shiftDecimal('5000', -2)).toBe('50')
    expect(shiftDecimal('5', -8)).toBe('0.00000005')
    expect(shiftDecimal('1.5', 3)).toBe('1500')
  })
  it('compares exactly', () => {
    expect(compareDecimals('9007199254740993', '9007199254740992')).toBe(1)
    expect(compareDecimals('9.5', '10')).toBe(-1)
    expect(compareDecimals('0.1', '0.10000000000000001')).toBe(-1)
    expect(compareDecimals('150.5', '150.5')).toBe(0)
    expect(equalDecimals('10.00', 10)).toBe(true)
    expect(equalDecimals('10.01', 10)).toBe(false)
    expect(equalDecimals('x', 'x')).toBe(false)
  })
  it('knows minor units of ISO 4217 and of nothing else', () => {
    expect(['usd', 'JPY', 'KWD', 'BTC', 'USDT', ''].map(minorUnitDigits)).toEqual([
      2,
      0,
      3,
      undefined,
      undefined,
      undefined,
    ])
  })
})
