import { describe, expect, it } from 'vitest'
import { caspay, explain } from '../src'
import { lastingHeaders, readHeader } from '../src/core/headers'
import { hexHmac } from './support/deliveries'
import { createShop, genuine, now, secret } from './support/shop'

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

  it('keeps what gives its pairs once, and nothing else', () => {
    const pairs = () => new Map([['x-sig', 'abc']])
    function* generated(): Generator<[string, string]> {
      yield ['x-sig', 'abc']
    }
    for (const once of [pairs().entries(), new Headers([...pairs()]).entries(), generated()]) {
      const headers = lastingHeaders(once)
      for (let i = 0; i < 3; i++) expect(readHeader(headers, 'x-sig')).toBe('abc')
    }
    for (const headers of [{ 'x-sig': 'abc' }, new Headers(), [], pairs(), { next: 'a header' }])
      expect(lastingHeaders(headers as never)).toBe(headers)
    for (const none of [undefined, null, 7]) expect(lastingHeaders(none as never)).toBe(none)
  })

  it('reads them in a receiver, for every use', async () => {
    const { receiver } = createShop()
    const { headers, body } = genuine()
    expect((await receiver.receive({ headers: new Headers(headers).entries(), body }, () => {})).kind).toBe('processed')
    expect((await receiver.verify({ headers: new Map(headers).entries(), body })).id).toBe('evt_1')
    const provider = caspay({ secret })
    expect((await explain({ headers: new Map(headers).entries(), body }, { provider, now })).cause).toBe('verified')
    const signature = hexHmac(secret, `${body}\n`)
    const altered = new Map([['x-caspay-signature', signature]]).entries()
    expect((await explain({ headers: altered, body }, { provider, now })).cause).toBe('body_trailing')
  })

  it('finds nothing in what an object inherits', () => {
    expect(readHeader({}, 'constructor')).toBeUndefined()
    expect(readHeader(Object.create({ 'x-sig': 'abc' }), 'x-sig')).toBeUndefined()
  })
})
