import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { explain, payqi } from '../../src'
import { payproof } from '../support/command'
import { hexHmac } from '../support/deliveries'
import { diagnosed, secret } from './examine'

const look = (env: Record<string, string>, ...args: string[]) =>
  diagnosed(['doctor', '--provider', 'payqi', ...args], env)

describe('a secret', () => {
  it.each([
    ['a line break behind it', `${secret}\n`, 'problem', 'white space'],
    ['quotes around it', `"${secret}"`, 'problem', 'quotes'],
    ['white space before it', ` ${secret}`, 'problem', 'white space'],
    ['too few characters', 'whsec_0123', 'problem', 'too short'],
    ['an invisible character', `${secret}\u200b`, 'problem', 'invisible'],
    ['the text of a missing value', 'undefined', 'problem', 'missing value'],
    ['a placeholder', 'your_webhook_secret_here', 'problem', 'placeholder'],
    ['its variable before it', `PAYQI_WEBHOOK_SECRET=${secret}`, 'problem', 'name of a variable'],
    ['an address', 'https://dashboard.payqi.test/webhooks/17', 'problem', 'address'],
    ['an API key', 'sk_live_4eC39HqLyjWDarjtT1zdp7dc', 'warning', 'API key'],
    ['few characters over and over', 'abababababababababab', 'warning', 'different characters'],
    ['nothing wrong', 'whsec_Zk3vQ9pLx7Tn2RbY', 'ok', 'shape of a secret'],
  ])('with %s', async (_, value, state, seen) => {
    const { checks } = await look({ PAYQI_WEBHOOK_SECRET: value })
    expect(checks).toMatchObject([{ name: 'secret', state, seen: expect.stringContaining(seen) }])
  })

  it('of two providers is a warning', async () => {
    const { checks } = await look({ PAYQI_WEBHOOK_SECRET: secret, CASPAY_WEBHOOK_SECRET: secret })
    expect(checks.map(({ state }) => state)).toEqual(['ok', 'ok', 'warning'])
    expect(checks[2]?.seen).toMatch(
      /CASPAY_WEBHOOK_SECRET and PAYQI_WEBHOOK_SECRET|PAYQI_WEBHOOK_SECRET and CASPAY_WEBHOOK_SECRET/,
    )
  })

  it('is shown by the fingerprint that `explain` shows, and not where it could be guessed from it', async () => {
    const { checks } = await look({ PAYQI_WEBHOOK_SECRET: secret })
    const body = '{"id":"e","type":"t","created":1}'
    const headers = { 'x-payqi-signature': hexHmac(secret, body), 'x-payqi-timestamp': '1' }
    const { fingerprint = 'none' } = await explain(
      { headers, body },
      { provider: payqi({ secret: 'another-secret-0123456789' }), otherSecrets: secret },
    )
    expect(checks[0]?.seen).toContain(fingerprint)
    expect((await look({ PAYQI_WEBHOOK_SECRET: 'your_webhook_secret_here' })).stdout).not.toMatch(/SHA-256/)
  })

  it('that is not set is not checked', async () => {
    expect((await look({})).checks).toMatchObject([
      { state: 'not_checked', advice: expect.stringContaining('PAYQI_WEBHOOK_SECRET') },
    ])
  })

  describe('in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'payproof-secret-'))
    afterAll(() => rmSync(folder, { recursive: true }))

    it('is looked at line by line', async () => {
      const path = join(folder, 'secret')
      writeFileSync(path, `${secret}\n"${secret}"\n`)
      const { checks, stdout } = await look({}, '--secret-file', path)
      expect(checks.map(({ state }) => state)).toEqual(['ok', 'problem'])
      expect(stdout).not.toContain(secret)
    })
  })
})

describe('wrong usage', () => {
  it.each([
    ['nothing to look at', []],
    ['an endpoint of nobody', ['http://localhost/']],
    ['no address', ['shop.example', '--provider', 'payqi']],
    ['another scheme', ['ftp://shop.example/', '--provider', 'payqi']],
    ['a password in the address', ['https://me:hunter2hunter2@shop.example/', '--provider', 'payqi']],
    ['a password in the store', ['--store', 'postgres://me:hunter2hunter2@localhost/shop']],
    ['a password in a parameter', ['--store', 'postgres://localhost/shop?password=hunter2hunter2']],
    ['no such store', ['--store', 'mongodb://localhost']],
    ['a variable that is not set', ['--store', 'env:NO_SUCH_VARIABLE']],
    ['no such provider', ['--provider', 'stripe']],
    ['no time', ['http://localhost/', '--provider', 'payqi', '--timeout', '0']],
    ['a secret as an argument', ['--provider', 'payqi', '--secret', 'hunter2hunter2hunter2']],
  ])('is %s', async (_, args) => {
    const { code, stdout, stderr } = await payproof(['doctor', ...args])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^error: .{20,}/)
    expect(stderr).not.toContain('hunter2hunter2')
  })

  it('is none to ask for help', async () => {
    const { code, stdout } = await payproof(['doctor', '--help'])
    expect([code, stdout]).toEqual([0, expect.stringContaining('What is sent')])
  })
})
