import { execFile } from 'node:child_process'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { caspay } from '../../src'
import { toCurl, toFixture } from '../../src/inspector/copies'
import type { Kept } from '../../src/inspector/log'
import { hexHmac, type Pairs } from '../support/deliveries'
import { serve } from '../support/server'
import { secret } from '../support/shop'

function kept(body: string | Uint8Array, headers: Pairs = []): Kept {
  const source = { name: 'caspay', provider: caspay({ secret }) }
  return { number: 1, receivedAtMs: 0, source, steps: [], headers, body: Buffer.from(body) }
}

const hostile = [
  `{"a":"it's"}`,
  '',
  `'; touch payproof-pwned; '`,
  '$(id) `id` $HOME !! \\',
  '@/etc/passwd',
  'line\nline\r\n\t',
  '\u001b[201~id\r',
  '\u202egnp.exe',
  'ä\u0000ö',
  Uint8Array.from({ length: 256 }, (_, byte) => byte),
]

it.each(hostile)('what is copied as curl posts the same bytes: %j', async (body) => {
  const given: { body: Buffer; headers: NodeJS.Dict<string | string[]> }[] = []
  const server = await serve(async (req, res) => {
    given.push({ body: await buffer(req), headers: req.headers })
    res.end()
  })
  onTestFinished(server.close)
  const value = "it's \\ \u00e4 $(id) `id`"
  const headers: Pairs = [
    ['Content-Type', 'application/json'],
    ['X-Text', value],
    ['Connection', 'close'],
    ['Authorization', 'Bearer abc'],
  ]
  const command = await toCurl(kept(body, headers), `${server.url}/a?b=c&d='e'`)
  expect(command).not.toMatch(/[^\x20-\x7e\n]/)
  // Nothing in a copied command may end a line of it but what joins its lines.
  expect(
    command
      .trimEnd()
      .split('\n')
      .slice(0, -1)
      .every((line) => line.endsWith('\\')),
  ).toBe(true)
  await promisify(execFile)('bash', ['-c', command])
  expect(given.length).toBe(1)
  expect(given[0]?.body.equals(Buffer.from(body))).toBe(true)
  expect(given[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'x-text': value })
  expect(command).not.toContain('abc')
})

it('a fixture holds nothing of the connection: its body may be another length', async () => {
  const headers: Pairs = [
    ['Host', 'shop.test'],
    ['Connection', 'close, X-Hop'],
    ['X-Hop', '1'],
    ['Content-Length', '99'],
    ['Content-Type', 'application/json'],
  ]
  const fixture = JSON.parse(await toFixture(kept('{"token":"abc"}', headers)))
  expect(fixture.headers).toEqual([['Content-Type', 'application/json']])
})

it('a fixture verifies as it is', async () => {
  const body = JSON.stringify({
    event: 'payment.received',
    data: { payment_id: 'p', transaction_hash: 'h', amount: 1, currency: 'CSPR' },
    timestamp: '2026-09-21T14:13:20Z',
    merchant_id: 'm',
  })
  const nowMs = Date.parse('2026-09-21T14:13:21Z')
  const delivery = { ...kept(body, [['X-CasPay-Signature', hexHmac(secret, body)]]), receivedAtMs: nowMs }
  const { headers, body_base64, now, provider } = JSON.parse(await toFixture(delivery))
  const context = { nowMs: now, toleranceSeconds: 300, maxEventAgeSeconds: 259_200 }
  const event = await caspay({ secret }).verify({ headers, body: Buffer.from(body_base64, 'base64') }, context)
  expect([provider, event.wireType]).toEqual(['caspay', 'payment.received'])
})
