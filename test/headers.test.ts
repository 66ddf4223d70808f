import { describe, expect, it } from 'vitest'
import { readHeader } from '../src/core/headers'

describe('readHeader', () => {
  it.each([
    ['a Headers', new Headers({ 'X-Sig': 'abc' })],
    ['an object as Node gives it', { 'x-sig': 'abc' }],
    ['an object in any case', { 'X-SIG': 'abc' }],
    ['pairs', [['X-Sig', 'abc']] as [string, string][]],
    ['a Map', new Map([['X-Sig', 'abc']])],
  ])('reads %s', (_, headers) => {
    expect(readHeader(headers as never, 'x-sig')).toBe('abc')
  })

  it('joins what was sent twice, as HTTP does', () => {
    const twice = new Headers()
    twice.append('x-sig', 'a')
    twice.append('x-sig', 'b')
    for (const headers of [
      twice,
      { 'x-sig': ['a', 'b'] },
      { 'x-sig': 'a', 'X-Sig': 'b' },
      [
        ['x-sig', 'a'],
        ['X-SIG', 'b'],
      ] as [string, string][],
    ]) {
      expect(readHeader(headers as never, 'x-sig')).toBe('a, b')
    }
  })

  it('finds nothing in what an object inherits', () => {
    expect(readHeader({}, 'constructor')).toBeUndefined()
    expect(readHeader(Object.create({ 'x-sig': 'abc' }), 'x-sig')).toBeUndefined()
  })
})
