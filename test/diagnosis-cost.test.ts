import { gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { caspay, explain } from '../src'
import type { Pairs } from './support/deliveries'
import { genuine, now, secret } from './support/shop'

const keys = (count: number) => caspay({ secret: Array.from({ length: count }, (_, index) => `${secret}-${index}`) })
const marked = (...digits: string[]): Pairs => [
  ['x-caspay-signature', digits.map((digit) => digit.repeat(64)).join(',')],
]
const eight = marked(...'01234567')
const range = (count: number) => Array.from({ length: count }, (_, index) => index)

interface Sent {
  headers: Pairs
  body: string | Uint8Array
}

/** What explaining a delivery takes: MACs, bytes that went into them, and milliseconds of the processor. */
async function costOf({ headers, body }: Sent, provider = keys(1)) {
  const sign = vi.spyOn(crypto.subtle, 'sign')
  const before = process.cpuUsage()
  const { cause } = await explain({ headers, body }, { provider, now })
  const { user, system } = process.cpuUsage(before)
  const hashed = sign.mock.calls.map(([, , content]) => content.byteLength)
  sign.mockRestore()
  return {
    cause,
    macs: hashed.length,
    bytes: hashed.reduce((sum, each) => sum + each, 0),
    ms: (user + system) / 1000,
  }
}

const nested = (depth: number, item: string) => '['.repeat(depth) + item + ']'.repeat(depth)
const forgery: Sent = { headers: marked('a'), body: genuine().body }
const hostile: readonly [string, Sent, number][] = [
  [
    '900 headers',
    { headers: [...eight, ...range(900).map((i): [string, string] => [`timestamp${i}`, `${i}`])], body: forgery.body },
    1,
  ],
  [
    '900 long headers',
    {
      headers: [...eight, ...range(900).map((i): [string, string] => [`timestamp${i}`, 'x'.repeat(99)])],
      body: forgery.body,
    },
    1,
  ],
  ['1 MiB in a gzip body', { headers: eight, body: gzipSync(Buffer.alloc(1024 * 1024 - 1, 'a')) }, 1],
  ['8 secrets', { headers: eight, body: forgery.body }, 8],
  [
    'a body of 16 kB and 8 secrets',
    { headers: eight, body: JSON.stringify(Object.fromEntries(range(850).map((i) => [`k${i}`, `/é${i}`]))) },
    8,
  ],
  ['a body that grows when it is indented', { headers: eight, body: nested(32, '1,'.repeat(8000) + 1) }, 8],
  [
    'a form of 5,000 fields',
    {
      headers: eight,
      body: range(2500)
        .map((i) => `a=${i}&`)
        .join(''),
    },
    8,
  ],
  ['a body of 1 MiB', { headers: eight, body: 'x'.repeat(1024 * 1024) }, 8],
  ['quotes without end', { headers: [['x-caspay-signature', '"'.repeat(20_000)]], body: '{}' }, 1],
]

describe('what a diagnosis costs', () => {
  it.each(hostile)('%s: little more than a plain forgery', async (_, sent, secrets) => {
    await costOf(forgery)
    const plain = [await costOf(forgery), await costOf(forgery), await costOf(forgery)]
    const [first, second] = [await costOf(sent, keys(secrets)), await costOf(sent, keys(secrets))]
    expect(['unexplained', 'body_too_large']).toContain(first.cause)
    expect(first.macs).toBeLessThanOrEqual(1200)
    expect(first.bytes).toBeLessThanOrEqual(8 * 1024 * 1024)
    const ratio = Math.min(first.ms, second.ms) / Math.max(...plain.map(({ ms }) => ms))
    expect(ratio).toBeLessThan(10)
  })

  it('tries nothing twice', async () => {
    const { macs } = await costOf(forgery)
    expect((await costOf({ ...forgery, headers: eight })).macs).toBe(macs)
    expect(macs).toBeLessThan(500)
  })

  it('hashes nothing of a body that is large when it is inflated', async () => {
    const body = gzipSync(Buffer.alloc(1024 * 1024 - 1, 'a'))
    expect((await costOf({ headers: eight, body })).bytes).toBeLessThan(1024 * 1024)
    const small = gzipSync(Buffer.alloc(16 * 1024, 'a'))
    expect((await costOf({ headers: eight, body: small })).bytes).toBeGreaterThan(16 * 1024)
  })

  it('tries the times of two headers that the provider does not read, however many there are', async () => {
    const timed = async (count: number) => {
      const headers: Pairs = [...marked('a'), ...range(count).map((i): [string, string] => [`timestamp${i}`, `${i}`])]
      return (await costOf({ ...forgery, headers })).macs
    }
    const [none, one, two, many] = [await timed(0), await timed(1), await timed(2), await timed(900)]
    expect(one).toBeGreaterThan(none)
    expect(two - one).toBe(one - none)
    expect(many).toBe(two)
  })
})
