import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { decodeHex, encodeHex, isHex } from '../src/core/bytes'
import * as node from '../src/core/hmac'
import * as web from '../src/core/hmac.web'
import rfc4231 from './fixtures/rfc4231.json'
import { describeVectors, readJsonVector } from './support/vectors'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const implementations: [string, typeof node][] = [
  ['node:crypto', node],
  ['WebCrypto', web],
]

describe.each(implementations)('HMAC-SHA256 by %s', (_, { createMacKey, equalSecrets, sha256Hex }) => {
  const sign = (key: Uint8Array, ...content: Uint8Array[]) => encodeHex(createMacKey(key).sign(...content))
  const key = createMacKey(Buffer.from('a key that is long enough'))
  const body = Buffer.from('body')
  const mac = key.sign(body)
  const verify = async (...offered: Uint8Array[]) => key.verify([body], offered.map(encodeHex))

  it.each(rfc4231.cases)('RFC 4231 case $case', ({ key, data, tag }) => {
    expect(sign(bytes(key), bytes(data)).slice(0, tag.length)).toBe(tag)
  })

  it('signs and verifies parts as if they were one', async () => {
    const secret = Buffer.from('a key that is long enough')
    const whole = createHmac('sha256', secret).update('12.body').digest()
    expect(sign(secret, Buffer.from('12.'), body)).toBe(whole.toString('hex'))
    expect(await key.verify([Buffer.from('12.'), body], [whole.toString('hex')])).toBe(true)
  })

  it('shows nothing of the secret when a key is printed', async () => {
    const printed = createMacKey(Buffer.from('sesame-open-sesame'))
    await printed.verify([body], [encodeHex(mac)])
    expect(inspect(printed, { depth: 9, showHidden: true }) + JSON.stringify(printed)).not.toContain('sesame')
  })

  it('takes the right MAC and none with one bit changed', async () => {
    expect(await verify(mac)).toBe(true)
    for (let bit = 0; bit < 256; bit++) {
      const other = Uint8Array.from(mac)
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(await verify(other)).toBe(false)
    }
  })

  it('takes no MAC cut short or lengthened, and none at all', async () => {
    for (let length = 0; length < 32; length++) expect(await verify(mac.subarray(0, length))).toBe(false)
    expect(await verify(Buffer.concat([mac, Buffer.from([0])]))).toBe(false)
    expect(await verify()).toBe(false)
  })

  it('takes hex digits in one spelling, and nothing that is cut down to them', async () => {
    const hex = encodeHex(mac)
    const alike = Array.from(hex, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0x100)).join('')
    for (const other of [hex.toUpperCase(), ` ${hex}`, `${hex} `, alike, `${alike.slice(0, 1)}${hex.slice(1)}`])
      expect(await key.verify([body], [other])).toBe(false)
    expect(await key.verify([body], [hex])).toBe(true)
  })

  it('takes the right one in any place', async () => {
    const wrong = new Uint8Array(32)
    expect(await verify(wrong, mac)).toBe(true)
    expect(await verify(mac, wrong)).toBe(true)
    expect(await verify(wrong, wrong)).toBe(false)
  })

  it('compares secrets of any length', () => {
    expect(equalSecrets(Buffer.from('token'), Buffer.from('token'))).toBe(true)
    for (const other of ['token ', 'toke', '', 'TOKEN', 'x'.repeat(1000)]) {
      expect(equalSecrets(Buffer.from('token'), Buffer.from(other))).toBe(false)
    }
  })

  it('takes none of many wrong secrets that are nearly right', () => {
    const right = Buffer.from('merchant-token-0123456789')
    for (let i = 0; i < 3000; i++) expect(equalSecrets(right, Buffer.from(`merchant-token-${i}`))).toBe(false)
  })

  it('hashes', () => {
    expect(sha256Hex(Buffer.from('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  describeVectors('against outside vectors', () => {
    interface Wycheproof {
      testGroups: { tagSize: number; tests: { key: string; msg: string; tag: string; result: string }[] }[]
    }
    interface Answer {
      alg: string
      secretUtf8?: string
      payloadUtf8?: string
      hex?: string
    }

    it('agrees with all 174 of Wycheproof, and takes no half tag', async () => {
      let seen = 0
      for (const { tagSize, tests } of readJsonVector<Wycheproof>('wycheproof/hmac_sha256_test.json').testGroups) {
        for (const { key, msg, tag, result } of tests) {
          const accepted = await createMacKey(bytes(key)).verify([bytes(msg)], [tag])
          expect(accepted).toBe(result === 'valid' && tagSize === 256)
          seen++
        }
      }
      expect(seen).toBe(174)
    })

    it('agrees with the answers that others have published', () => {
      const answers = readJsonVector<{ cases: Answer[] }>('known-answers/webhook-hmac.json').cases
      const plain = answers.filter(({ alg, secretUtf8, hex }) => alg === 'sha256' && secretUtf8 && hex)
      expect(plain.length).toBeGreaterThanOrEqual(5)
      for (const { secretUtf8 = '', payloadUtf8 = '', hex } of plain) {
        expect(sign(Buffer.from(secretUtf8), Buffer.from(payloadUtf8))).toBe(hex)
      }
    })
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
    expect(isHex(text, 32)).toBe(false)
  })
  it('decodes what it encodes', () => {
    const all = Uint8Array.from({ length: 32 }, (_, i) => i * 8)
    expect(isHex(encodeHex(all), 32)).toBe(true)
    expect(decodeHex(encodeHex(all))).toEqual(all)
  })
})
