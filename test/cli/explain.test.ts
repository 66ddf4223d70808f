import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signDelivery } from '../../src/testing'
import { bodyOf, captured } from '../support/deliveries'
import { serve } from '../support/server'
import { buildCommandLine, type CommandLine, type RunOptions, unsafe } from './command-line'

let cli: CommandLine
beforeAll(async () => {
  cli = await buildCommandLine()
})
afterAll(() => cli.close())

const secret = 'whsec_never-to-be-seen-0123456789'
const fresh = () => signDelivery('caspay', 'payment.completed', { secret })
const linesOf = (headers: object) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')

async function explained(
  provider: string,
  { headers, body }: { headers: string; body: string | Uint8Array },
  args: string[] = [],
  env: NodeJS.ProcessEnv = { PAYPROOF_SECRET: secret },
  more: RunOptions = {},
) {
  const files = ['--body', cli.file('body', body), '--headers', cli.file('headers', headers)]
  const ran = await cli.run(['explain', provider, ...files, ...args], { env, ...more })
  expect(ran.all).not.toContain('never-to-be-seen')
  expect(ran.all).not.toMatch(unsafe)
  return ran
}

describe('payproof explain', () => {
  it.each([
    ['JSON', JSON.stringify],
    ['pairs', (headers: object) => JSON.stringify(Object.entries(headers))],
    [
      'lists, as Node has them',
      (headers: object) =>
        JSON.stringify(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))),
    ],
    ['lines', linesOf],
    ['a request', (headers: object) => `POST /webhooks HTTP/1.1\r\nHost: shop.example\r\n${linesOf(headers)}\r\n`],
  ])('says that it verifies, with headers as %s', async (_, write) => {
    const { headers, body } = fresh()
    const { code, stdout } = await explained('caspay', { headers: write(headers), body })
    expect([code, stdout]).toEqual([0, '✓ verified\n  It verifies: there is nothing wrong with it.\n'])
  })

  it("explains a capture of CasPay's own sender, as of its time", async () => {
    const [delivery] = captured.deliveries
    if (delivery === undefined) throw new Error('nothing captured')
    const given = { headers: JSON.stringify(delivery.headers), body: bodyOf(delivery) }
    const env = { CASPAY_WEBHOOK_SECRET: captured.secret }
    expect((await explained('caspay', given, ['--at', '2026-11-21T20:09:10Z'], env)).code).toBe(0)
    const late = await explained('caspay', given, ['--at', '2027-11-21T20:09:10Z'], env)
    expect([late.code, late.stdout]).toEqual([
      1,
      expect.stringMatching(/^✗ timestamp_too_old delivered_late\n {2}It is genuine, but too old/),
    ])
  })

  it('says what is wrong and what to do, and exits with 1', async () => {
    const { headers, body } = fresh()
    const spaced = JSON.stringify(JSON.parse(body), undefined, 2)
    const { code, stdout } = await explained('caspay', { headers: JSON.stringify(headers), body: spaced })
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^✗ signature_mismatch body_compact\n {2}The signature is over the body without white space.*Hand over the raw bytes\.\n {2}signed with secret-1, whose SHA-256 begins with [0-9a-f]{8}\n {2}the configured secret is from PAYPROOF_SECRET\n$/,
    )
  })

  it('does so as JSON, from stdin, with a secret from a file', async () => {
    const { headers, body } = fresh()
    const file = cli.file('secrets', `a-newer-secret-0123456789\n${secret}\n`)
    const args = [
      'explain',
      'caspay',
      '--headers',
      cli.file('h', linesOf(headers)),
      '--body',
      '-',
      '--secret-file',
      file,
      '--json',
    ]
    const ran = await cli.run(args, { input: `${body}\n` })
    expect(JSON.parse(ran.stdout)).toMatchObject({
      cause: 'body_trailing',
      code: 'signature_mismatch',
      secretId: 'secret-2',
    })
    expect(ran.code).toBe(1)
  })

  it('knows other secrets, and a secret that is none', async () => {
    const { headers, body } = fresh()
    const given = { headers: JSON.stringify(headers), body }
    const other = { PAYPROOF_SECRET: 'another-secret-0123456789' }
    const args = ['--other-secret-file', cli.file('others', secret), '--json']
    expect(JSON.parse((await explained('caspay', given, args, other)).stdout).cause).toBe('secret_of_another')
    const short = await explained('caspay', given, ['--json'], { PAYPROOF_SECRET: 'short' })
    expect(JSON.parse(short.stdout)).toMatchObject({ cause: 'secret_invalid' })
  })

  it("takes the provider's own variable before PAYPROOF_SECRET, and says which it was", async () => {
    const { headers, body } = fresh()
    const given = { headers: JSON.stringify(headers), body }
    const other = 'another-never-to-be-seen-0123456789'
    const right = { PAYPROOF_SECRET: other, CASPAY_WEBHOOK_SECRET: secret }
    expect((await explained('caspay', given, [], right)).code).toBe(0)
    const wrong = { PAYPROOF_SECRET: secret, CASPAY_WEBHOOK_SECRET: other }
    const { stdout, code } = await explained('caspay', given, [], wrong)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/the configured secret is from CASPAY_WEBHOOK_SECRET\n$/)])
    const json = await explained('caspay', given, ['--json', '--secret-file', cli.file('other', other)], wrong)
    expect(JSON.parse(json.stdout)).toMatchObject({ cause: 'unexplained', secretFrom: '--secret-file' })
  })

  it('says what a receiver would not even read', async () => {
    const { headers, body } = fresh()
    const encoded = { headers: JSON.stringify({ ...headers, 'content-encoding': 'gzip' }), body }
    const { stdout, code } = await explained('caspay', encoded)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^✗ content_encoding body_encoded\n/)])
    expect(stdout).not.toContain('secret')
  })

  it('asks no API with --offline, and says so', async () => {
    const asked: string[] = []
    const api = await serve((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(404).end('{}')
    })
    const { headers, body } = signDelivery('kasperopay', undefined, { merchantId: 'kpm_abc123' })
    const given = { headers: JSON.stringify(headers), body }
    const args = ['--set', 'merchantId=kpm_abc123', `apiUrl=${api.url}`]
    const offline = await explained('kasperopay', given, [...args, '--offline'])
    expect([offline.code, asked]).toEqual([1, []])
    expect(offline.stdout).toContain("KasperoPay's API was not asked (--offline)")
    const online = await explained('kasperopay', given, args)
    await api.close()
    expect(online.code).toBe(1)
    expect(asked[0]).toMatch(/\/pay\/status\/pay_/)
    expect(online.stdout).toMatch(/^✗ payment_not_confirmed/)
    const { stdout } = await cli.run(['explain', '--help'])
    expect(stdout).toMatch(/API that confirms is asked, for real.*KasperoPay, MugglePay \(where apiKey is set\)/)
    const signed = { headers: JSON.stringify(fresh().headers), body: '{}' }
    expect((await explained('caspay', signed, ['--offline'])).stdout).not.toContain('was not asked')
  })

  it.each([
    ['--body', 'A file that was named'],
    ['--headers', 'A file that was named'],
    ['--secret-file', 'The file given with --secret-file'],
    ['--other-secret-file', 'The file given with --other-secret-file'],
  ])('repeats no secret that was given to %s', async (option, words) => {
    const { headers, body } = fresh()
    for (const typed of ['never-to-be-seen_abcdefgh', 'never-to-be-seen/abc+defgh=']) {
      const { code, stderr } = await explained('caspay', { headers: JSON.stringify(headers), body }, [option, typed])
      expect([code, stderr]).toEqual([2, `error: ${words} cannot be read: ENOENT.\n`])
    }
    const { stderr } = await explained('caspay', { headers: JSON.stringify(headers), body }, [option, './no/such.file'])
    expect(stderr).toContain('./no/such.file cannot be read')
  })

  it.each([
    ['script tags', '{"id":"<script>alert(1)</script>"}'],
    ['NUL, ANSI escapes and direction marks', '\u0000\u001b[2J\u001b]0;x\u0007\u202e{"id":1}'],
    ['10 MB', `{"id":"${'x'.repeat(10_000_000)}"}`],
    ['bytes that are no text', Uint8Array.from({ length: 4096 }, (_, index) => index % 256)],
    ['nothing', ''],
  ])('shows nothing of a hostile body: %s', async (_, body) => {
    const given = { headers: 'X-CasPay-Signature: \u001b[31m0000\u202e', body }
    for (const headers of [
      given.headers,
      JSON.stringify({ 'x-caspay-signature': 'ab'.repeat(32), '\u001b[2Jsignature': 'x' }),
    ]) {
      const { code, stdout, stderr } = await explained('caspay', { headers, body })
      expect([code, stderr]).toEqual([1, ''])
      expect(stdout.length).toBeLessThan(1000)
    }
  })

  it.each(['no colon here', 'na me: x', '{"a":1}', '[["a"]]', '{"a"'])(
    'says where the headers are wrong, and not what stands there: %s',
    async (headers) => {
      const { code, stderr } = await explained('caspay', {
        headers: `X: y\n${headers}`.replace(/^X: y\n(?=[[{])/, ''),
        body: '{}',
      })
      expect(code).toBe(2)
      expect(stderr).toMatch(/Line 2 of the headers|no JSON object of texts/)
      expect(stderr).not.toContain('here')
    },
  )
})
