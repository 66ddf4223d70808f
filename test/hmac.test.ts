import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decodeHex, encodeHex } from '../src/core/bytes'
import { createMacKey, equalMacs, equalSecrets } from '../src/core/hmac'
import rfc4231 from './fixtures/rfc4231.json'
import { describeVectors, readJsonVector } from './support/vectors'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const sign = (key: Uint8Array, ...content: Uint8Array[]) => encodeHex(createMacKey(key).sign(...content))

describe('HMAC-SHA256', () => {
  it.each(rfc4231.cases)('RFC 4231 case $case', ({ key, data, tag }) => {
    expect(sign(bytes(key), bytes(data)).slice(0, tag.length)).toBe(tag)
  })

  it('signs parts as if they were one', () => {
    const key = Buffer.from('a key that is long enough')
    expect(sign(key, Buffer.from('12.'), Buffer.from('body'))).toBe(
      createHmac('sha256', key).update('12.body').digest('hex'),
    )
  })

  it('shows nothing of the secret when a key is printed', async () => {
    const { inspect } = await import('node:util')
    const key = createMacKey(Buffer.from('sesame-open-sesame'))
    expect(inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key)).not.toContain('sesame')
  })
})

describe('comparison', () => {
  const mac = createMacKey(Buffer.from('a key that is long enough')).sign(Buffer.from('body'))

  it('takes the right MAC and none with one bit changed', () => {
    expect(equalMacs(mac, mac)).toBe(true)
    for (let bit = 0; bit < 256; bit++) {
      const other = Uint8Array.from(mac)
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(equalMacs(mac, other)).toBe(false)
    }
  })

  it('takes no MAC cut short, even if the expected one is cut too', () => {
    for (let length = 0; length < 32; length++) {
      expect(equalMacs(mac, mac.subarray(0, length))).toBe(false)
      expect(equalMacs(mac.subarray(0, length), mac.subarray(0, length))).toBe(false)
    }
  })

  it('compares secrets of any length', () => {
    expect(equalSecrets(Buffer.from('token'), Buffer.from('token'))).toBe(true)
    expect(equalSecrets(Buffer.from('token'), Buffer.from('token '))).toBe(false)
    expect(equalSecrets(Buffer.from('token'), Buffer.from(''))).toBe(false)
  })
})

describe('hex', () => {
  it.each([
    '',
    'ab',
    'AB'.repeat(32),
    `${'ab'.repeat(31)}zz`,
    `${'ab'.repeat(32)}\0`,
    ` ${'ab'.repeat(32)}`,
    'é'.repeat(64),
    '0x'.repeat(32),
  ])('refuses %j', (text) => {
    expect(decodeHex(text, 32)).toBeUndefined()
  })
  it('decodes what it encodes', () => {
    const all = Uint8Array.from({ length: 32 }, (_, i) => i * 8)
    expect(decodeHex(encodeHex(all), 32)).toEqual(all)
  })
})

describeVectors('outside HMAC vectors', () => {
  interface Wycheproof {
    testGroups: { tagSize: number; tests: { tcId: number; key: string; msg: string; tag: string; result: string }[] }[]
  }
  const groups = () => readJsonVector<Wycheproof>('wycheproof/hmac_sha256_test.json').testGroups

  it('agrees with all 174 of Wycheproof, and takes no half tag', () => {
    let seen = 0
    for (const { tagSize, tests } of groups()) {
      for (const { key, msg, tag, result } of tests) {
        const accepted = equalMacs(createMacKey(bytes(key)).sign(bytes(msg)), bytes(tag))
        expect(accepted).toBe(result === 'valid' && tagSize === 256)
        seen++
      }
    }
    expect(seen).toBe(174)
  })

  it('agrees with the answers that others have published', () => {
    interface Answer {
      alg: string
      secretUtf8?: string
      payloadUtf8?: string
      hex?: string
    }
    const answers = readJsonVector<{ cases: Answer[] }>('known-answers/webhook-hmac.json').cases
    const plain = answers.filter(
      ({ alg, secretUtf8, payloadUtf8, hex }) =>
        alg === 'sha256' && [secretUtf8, payloadUtf8, hex].every((x) => x !== undefined),
    )
    expect(plain.length).toBeGreaterThanOrEqual(5)
    for (const { secretUtf8 = '', payloadUtf8 = '', hex } of plain) {
      expect(sign(Buffer.from(secretUtf8), Buffer.from(payloadUtf8))).toBe(hex)
    }
  })
})
