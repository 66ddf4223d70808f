import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import { parseJson } from '../src/core/json'
import { JsonKeys } from '../src/core/json-keys'
import { thrown } from './support/errors'
import { describeVectors, readJsonVector, readVector, vectorPath } from './support/vectors'

const parse = (text: string) => parseJson(Buffer.from(text))
const code = (text: string | Uint8Array) => thrown(() => parseJson(Buffer.from(text as Uint8Array))).code

describe('parseJson', () => {
  it.each(['{}', '[]', '"x"', '0', '{"a":{"b":[1,2,{"c":null}]}}', '{"a":"b\\":{\\"c"}', '["\\\\",":"]', '{"a:b":1}'])(
    'reads %s as JSON.parse does',
    (text) => {
      expect(parse(text)).toEqual(JSON.parse(text))
    },
  )

  it.each([
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['1.0000000000000001', '1.0000000000000001'],
    ['99999999999.123456789', '99999999999.123456789'],
    ['1e400', '1e400'],
    ['123456789012345678901234567890.5', '123456789012345678901234567890.5'],
  ])('hands over %s, which a double would round, as text', (token, text) => {
    expect(parse(`{"amount": ${token} , "n": 1}`)).toEqual({ amount: text, n: 1 })
  })

  it.each(['0', '10.00', '1e2', '0.1', '150.5', '9007199254740992', '9007199.254740993', '1.5E-7', '-0.000001'])(
    'hands over %s as a number',
    (token) => {
      expect(parse(`[${token}]`)).toEqual([Number(token)])
    },
  )

  it('leaves digits inside strings alone', () => {
    expect(parse('{"9007199254740993":"9007199254740993, \\"9007199254740993"}')).toEqual({
      '9007199254740993': '9007199254740993, "9007199254740993',
    })
  })

  it.each([
    ['a key given twice', '{"status":"NEW","status":"PAID"}'],
    ['a key given twice in another spelling', '{"status":"NEW","stat\\u0075s":"PAID"}'],
    ['a key given twice further down', '{"a":[{"b":1,"c":2,"b":1}]}'],
    ['__proto__', '{"__proto__":{"x":1}}'],
    ['an escaped __proto__', '{"a":{"\\u005f_proto__":1}}'],
    ['constructor.prototype', '{"constructor":{"prototype":{"x":1}}}'],
    ['a byte order mark', '\ufeff{}'],
    ['nothing', ''],
    ['half an object', '{"a":'],
    ['a number that is none', '{"a":01234567890123456789}'],
    ['NaN', '[NaN]'],
  ])('refuses %s', (_, text) => {
    expect(code(text)).toBe('payload_malformed')
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(code(Buffer.from([0x22, 0xff, 0x22]))).toBe('payload_malformed')
    expect(code(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toBe('payload_malformed')
  })

  it('decodes long text as short text: every plain code point and more, a byte order mark, and nothing that is not UTF-8', () => {
    const whole = Array.from({ length: 0x10800 }, (_, code) => (code >> 11 === 0x1b ? '' : String.fromCodePoint(code)))
    for (const text of ['é'.repeat(2000), whole.slice(0x20).join('').replace(/["\\]/g, '')])
      expect(parse(`{"a":"${text}"}`)).toEqual({ a: text })
    const long = Buffer.from(`{"a":"${'é'.repeat(2000)}"}`)
    expect(code(Buffer.concat([Buffer.from('\ufeff'), long]))).toBe('payload_malformed')
    for (const wrong of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf4, 0x90, 0x80, 0x80]])
      expect(code(Buffer.concat([long.subarray(0, 6), Buffer.from(wrong), long.subarray(6)]))).toBe('payload_malformed')
  })

  it('takes 32 levels and refuses the 33rd', () => {
    expect(parse('['.repeat(32) + ']'.repeat(32))).toBeDefined()
    expect(code('['.repeat(33) + ']'.repeat(33))).toBe('payload_malformed')
  })

  it('finds the end of strings of every length, with escapes in every place', () => {
    for (let length = 0; length < 100; length++) {
      for (const escaped of ['', '\\\\', '\\"', '\\\\\\"', '\\"\\"', '\\u0022', '\\":{\\"']) {
        const text = `{"a":"${'x'.repeat(length)}${escaped}","b":"${escaped}${'é'.repeat(length)}","c":[{"a":1}]}`
        expect(parse(text)).toEqual(JSON.parse(text))
        expect(code(Buffer.from(text.replace('"c"', '"a"')))).toBe('payload_malformed')
      }
    }
  })

  it('refuses a million brackets without parsing them', () => {
    const bomb = Buffer.from('['.repeat(1_000_000))
    const fastest = (work: () => void) => {
      const took = Array.from({ length: 5 }, () => {
        const startedMs = performance.now()
        work()
        return performance.now() - startedMs
      })
      return Math.min(...took)
    }
    const naive = () => expect(() => JSON.parse(bomb.toString())).toThrow()
    expect(fastest(() => expect(code(bomb)).toBe('payload_malformed'))).toBeLessThan(fastest(naive) / 4)
  })

  it('cuts strings out right where one window of text ends and the next begins, and holds no more than one', () => {
    for (const length of [...Array(40).keys()].map((i) => 490 + i).concat(1023, 1024, 4096, 9000)) {
      const value = {
        a: 'x'.repeat(length),
        b: 'short string here',
        c: ['é'.repeat(3), 'plain again, twenty'],
        d: 12.5,
      }
      const bytes = Buffer.from(JSON.stringify(value))
      expect(parseJson(bytes)).toEqual(value)
      const padded = new Uint8Array(bytes.length + 7)
      padded.set(bytes, 7)
      expect(parseJson(padded.subarray(7))).toEqual(value)
    }
  })

  it('keeps of a body no more than what is kept of it, and a little', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const kept: unknown[] = []
    const used = () => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const read = (at: number) => {
      const id = `evt_${String(at).padStart(30, '0')}`
      return (parse(JSON.stringify({ before: 'x'.repeat(8000), id, after: 'y'.repeat(8000) })) as { id: string }).id
    }
    kept.push(read(0))
    const before = used()
    for (let at = 1; at <= 1000; at++) kept.push(read(at))
    expect((used() - before) / 1000).toBeLessThan(1500)
    expect(kept.length).toBe(1001)
  })

  it('reads the same where nothing of Node is there', async () => {
    vi.resetModules()
    const hidden = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    const { parseJson: parseElsewhere } = await import('../src/core/json')
    hidden.mockRestore()
    for (const text of ['plain', 'é'.repeat(3000), 'x'.repeat(20_000), '€ and \\u0000 and \ud83d\ude00', 'a"b']) {
      const value = { text, list: [text, { a: 'short' }], after: 'the end of it all', n: 12345678.25 }
      expect(parseElsewhere(new TextEncoder().encode(JSON.stringify(value)))).toEqual(value)
    }
    expect(() => parseElsewhere(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('UTF-8')
  })

  it('never quotes the body in its error', () => {
    const error = thrown(() => parse('{"card": 4242424242424242x}'))
    expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain('4242')
  })

  it('leaves prototypes alone', () => {
    parse('{"constructor":1,"toString":2}')
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })
})

describe('JsonKeys', () => {
  const read = (keys: JsonKeys, text: string) => parseJson(Buffer.from(text), keys)

  it('finds a key that is given twice behind keys it knows, in any spelling', () => {
    const keys = new JsonKeys()
    for (const text of ['{"a":1,"b":2,"c":3}', '{"b":1,"a":2}', '{"a":{"a":1,"b":1}}', '{"a":[{"b":1},{"a":1}]}']) {
      for (let round = 0; round < 3; round++) expect(read(keys, text)).toEqual(JSON.parse(text))
    }
    for (const text of ['{"a":1,"b":2,"a":3}', '{"b":1,"a":2,"b":1}', '{"a":1,"a":2}', '{"a":1,"b":1,"\\u0061":1}'])
      expect(thrown(() => read(keys, text)).hint).toContain('twice')
  })

  it('learns nothing wrong from texts that end in the middle of a key, a colon or a value', () => {
    const keys = new JsonKeys()
    const text = '{"abc":{"de":[{"f":1,"g":"h"},{"g":2}]},"i":true}'
    for (let end = 0; end < text.length; end++) expect(() => read(keys, text.slice(0, end))).toThrow()
    expect(read(keys, text)).toEqual(JSON.parse(text))
    expect(read(keys, '{"ab":1,"abcd":2,"d":{"e":3}}')).toEqual({ ab: 1, abcd: 2, d: { e: 3 } })
  })

  it('reads names that mean something to objects as any other', () => {
    const keys = new JsonKeys()
    const text = '{"10":1,"9":2,"toString":3,"hasOwnProperty":4,"constructor":5,"prototype":6,"":7,"é":8,"a b":9}'
    for (let round = 0; round < 2; round++) expect(read(keys, text)).toEqual(JSON.parse(text))
    for (let round = 0; round < 2; round++)
      expect(thrown(() => read(keys, '{"constructor":{"prototype":1}}')).code).toBe('payload_malformed')
  })

  it("keeps nothing of bytes that are somebody else's", () => {
    const keys = new JsonKeys()
    const bytes = Buffer.from('{"aa":1,"bb":2}')
    parseJson(bytes, keys)
    bytes.write('bb', 2)
    bytes.write('aa', 9)
    expect(Object.entries(parseJson(Buffer.from(bytes), keys) as object)).toEqual([
      ['bb', 1],
      ['aa', 2],
    ])
    expect(thrown(() => read(keys, '{"bb":1,"bb":2}')).hint).toContain('twice')
    const { buffer } = Uint8Array.from(Buffer.from('{"cc":1}'))
    parseJson(new Uint8Array(buffer), keys)
    structuredClone(buffer, { transfer: [buffer] })
    expect(read(keys, '{"dd":1}')).toEqual({ dd: 1 })
  })

  it('gives objects members of their own, whatever was done to their prototype', () => {
    const keys = new JsonKeys()
    const names = ['toString', 'constructor', 'hasOwnProperty', 'valueOf', 'mine']
    const setter = { set: () => {}, configurable: true }
    Object.defineProperty(Object.prototype, 'mine', setter)
    Object.defineProperty(Object.prototype, 'toString', {
      ...Object.getOwnPropertyDescriptor(Object.prototype, 'toString'),
      writable: false,
    })
    try {
      for (let round = 0; round < 2; round++)
        for (const name of names) {
          expect(Object.entries(read(keys, `{"${name}":1}`) as object)).toEqual([[name, 1]])
          expect(thrown(() => read(keys, `{"${name}":1,"${name}":2}`)).hint).toContain('twice')
        }
    } finally {
      Reflect.deleteProperty(Object.prototype, 'mine')
      Object.defineProperty(Object.prototype, 'toString', { writable: true })
    }
  })

  it('learns anew once it has seen very many keys, and is not held up by them', () => {
    const keys = new JsonKeys()
    const { root } = keys
    for (let i = 0; i < 1200; i++) read(keys, `{"junk_${i}":1}`)
    expect(keys.root).not.toBe(root)
    read(keys, '{"id":1}')
    expect([keys.root.next?.name, ...keys.root.others.map(({ name }) => name)].length).toBeLessThan(10)
  })

  it('goes on when it has learned enough', () => {
    const keys = new JsonKeys()
    for (let i = 0; i < 3000; i++) {
      const value = { id: i, [`key_${i}`]: { [`in_${i}`]: [{ a: i }] }, last: 'x' }
      expect(read(keys, JSON.stringify(value))).toEqual(value)
    }
    const wide = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, i]))
    expect(read(keys, JSON.stringify(wide))).toEqual(wide)
    expect(thrown(() => read(keys, `${JSON.stringify(wide).slice(0, -1)},"k2999":1}`)).hint).toContain('twice')
  })
})

describeVectors('outside JSON data', () => {
  // What the suite calls valid and we refuse on purpose: one key given twice has two readings.
  const refusedOnPurpose = new Set(['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json'])
  const files = () =>
    readdirSync(vectorPath('jsontestsuite/test_parsing')).map(
      (name) => [name, readVector(`jsontestsuite/test_parsing/${name}`)] as const,
    )
  const accepts = (bytes: Uint8Array) => {
    try {
      parseJson(bytes)
      return true
    } catch (error) {
      expect(error).toMatchObject({ code: 'payload_malformed' })
      return false
    }
  }

  it('takes what must be taken and refuses what must be refused', () => {
    const seen = { y: 0, n: 0 }
    for (const [name, bytes] of files()) {
      if (name.startsWith('y_')) expect([name, accepts(bytes)]).toEqual([name, !refusedOnPurpose.has(name)])
      if (name.startsWith('n_')) expect([name, accepts(bytes)]).toEqual([name, false])
      if (name.startsWith('y_')) seen.y++
      if (name.startsWith('n_')) seen.n++
    }
    expect(seen).toEqual({ y: 95, n: 188 })
  })

  it('gives the same value as JSON.parse for all it takes, but for numbers a double would round', () => {
    for (const [, bytes] of files()) {
      if (!accepts(bytes)) continue
      const lossy = /\d{16}|e[+-]?\d{2}|e-?\d/i.test(bytes.toString())
      if (!lossy) expect(parseJson(bytes)).toEqual(JSON.parse(bytes.toString()))
    }
  })

  it('refuses all transforms with a key given twice', () => {
    const names = readdirSync(vectorPath('jsontestsuite/test_transform')).filter((name) =>
      name.startsWith('object_same_key'),
    )
    expect(names.length).toBe(3)
    for (const name of names)
      expect([name, accepts(readVector(`jsontestsuite/test_transform/${name}`))]).toEqual([name, false])
  })

  it('refuses every dangerous prototype input and takes the harmless ones', () => {
    const { cases } = readJsonVector<{ cases: { json: string; validJson: boolean; dangerous: boolean }[] }>(
      'proto/proto-inputs.json',
    )
    expect(cases.length).toBe(30)
    for (const { json, validJson, dangerous } of cases) {
      if (dangerous || !validJson) expect([json, accepts(Buffer.from(json))]).toEqual([json, false])
    }
    expect(
      cases.filter(({ json, dangerous, validJson }) => validJson && !dangerous && accepts(Buffer.from(json))).length,
    ).toBeGreaterThan(0)
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })

  it('tells valid from invalid UTF-8', () => {
    const lines = readVector('utf8/utf8tests.txt').toString('latin1').split('\n')
    const seen = { valid: 0, invalid: 0 }
    for (const line of lines) {
      const hex = /^[^#:]+:(valid hex|invalid hex):([0-9A-Fa-f ]*)/.exec(line)
      const ascii = /^[^#:]+:valid:(.*)$/.exec(line)
      if (hex === null && ascii === null) continue
      const content = hex
        ? Buffer.from((hex[2] ?? '').replaceAll(' ', ''), 'hex')
        : Buffer.from(ascii?.[1] ?? '', 'latin1')
      if (content.some((byte) => byte < 0x20 || byte === 0x22 || byte === 0x5c)) continue
      const json = Buffer.concat([Buffer.from('"'), content, Buffer.from('"')])
      const valid = hex === null || hex[1] === 'valid hex'
      expect([line, accepts(json)]).toEqual([line, valid])
      seen[valid ? 'valid' : 'invalid']++
    }
    expect(seen.valid).toBeGreaterThan(60)
    expect(seen.invalid).toBeGreaterThan(130)
  })
})
