import { describe, expect, it } from 'vitest'
import { caspay, mugglepay, payqi } from '../../src'
import { toCurl, toFixture } from '../../src/inspector/copies'
import type { Kept } from '../../src/inspector/log'
import { mask, unmask } from '../../src/inspector/mask'
import { describe as describeDelivery, summarize } from '../../src/inspector/present'
import { ownSecrets, secretsIn } from '../../src/inspector/secrets'
import type { Pairs } from '../support/deliveries'
import { post } from '../support/server'
import { secret } from '../support/shop'
import { listening } from './desk'

const configured = 'the-configured-token-0123456789'
const real = 'REAL-token-that-the-provider-sends-42'
const provider = mugglepay({ token: configured })

const kept = (body: string | Uint8Array, headers: Pairs = [], more: Partial<Kept> = {}): Kept => ({
  number: 1,
  receivedAtMs: 0,
  source: { name: 'mugglepay', provider },
  steps: [],
  headers,
  body: Buffer.from(body),
  ...more,
})

/** Everything that can be shown or copied of a delivery. */
async function everything(delivery: Kept): Promise<string> {
  const fixture = await toFixture(delivery)
  const { body_base64 } = JSON.parse(fixture) as { body_base64: string }
  const curl = await toCurl(delivery, 'http://127.0.0.1/')
  const [, encoded = ''] = /printf %s '([^']*)'/.exec(curl) ?? []
  const bodies = [body_base64, encoded].map((text) => Buffer.from(text, 'base64').toString('latin1'))
  const detail = JSON.stringify(await describeDelivery(delivery, true))
  return [detail, JSON.stringify(summarize(delivery)), fixture, curl, ...bodies].join('\n')
}

describe('what is named like a secret is hidden, whatever its value', () => {
  it.each([
    ['the token field', `{"token":"${real}"}`],
    ['the other one', `{"merchant_token" : "${real}","a":1}`],
    ['capitals', `{"Token":"${real}"}`],
    ['an escaped name', `{"t\\u006fken":"${real}"}`],
    ['nested', `{"a":[{"b":{"api_key":"${real}"}}]}`],
    ['a list', `{"tokens":["${real}",["${real}"]],"b":"]"}`],
    ['an object', `{"secret":{"}":"${real}"}}`],
    ['cut off', `{"token":"${real}`],
    ['cut off in a list', `{"token":["${real}"`],
    ['a form', `a=1&token=${real}&b=2`],
    ['a form with an escaped name', `a=1&t%6fken=${real}`],
    ['no UTF-8', Buffer.concat([Buffer.from(`{"token":"${real}","a":"`), Buffer.from([0xff, 0x22, 0x7d])])],
  ])('in a body: %s', async (_, body) => {
    const said = await everything(kept(body))
    expect(said).not.toContain(real)
    expect(said).not.toContain(Buffer.from(real).toString('hex').replace(/..\B/g, '$& '))
    expect(said).toContain('hidden')
  })

  it.each(['x-api-key', 'X-Auth-Token', 'Cookie', 'Authorization', 'X-Client-Secret', 'apikey', 'X-Password'])(
    'in the header %s, of the delivery and of the answer',
    async (name) => {
      const answer = { status: 200, headers: [[name, real]] as Pairs, body: Buffer.from(`{"access_token":"${real}"}`) }
      expect(await everything(kept('{}', [[name, real]], { answer }))).not.toContain(real)
    },
  )

  it('not a signature, whatever its header is called, and not the id of a secret', async () => {
    const source = { name: 'caspay', provider: caspay({ secret }) }
    const signature: Pairs = [['X-CasPay-Signature', 'ab'.repeat(32)]]
    const { headers } = await describeDelivery(kept('{}', signature, { source }), false)
    expect(headers).toEqual(signature)
    const { proof } = { proof: { secretId: 'secret-1', token_id: 7 } }
    expect(mask(JSON.stringify({ proof }), ownSecrets(source.provider))).toContain(
      '{"secretId":"secret-1","token_id":7}',
    )
  })

  it.each(['null', 'true', '""'])('not what holds none: %s', (value) => {
    expect(mask(`{"token":${value}}`, ownSecrets(provider))).toBe(`{"token":${value}}`)
  })
})

describe('what was hidden is put back', () => {
  const secrets = () => secretsIn(provider, Buffer.from('{}'))

  it.each([
    `{"token":"${real}","a":"${configured.toUpperCase()}"}`,
    `{"tokens":[1,{"a":"b"}],"secret":17,"x":"${configured}"}`,
    `{"token":"a\\u0062\\n","merchant_token":"other"}`,
    `token=${real}&secret=x%20y`,
  ])('to the very text: %s', async (text) => {
    const shown = mask(text, await secrets())
    expect(shown).not.toBe(text)
    expect(unmask(shown, text, await secrets())).toBe(text)
  })

  it('never a secret that was not in this delivery, however a stranger spells the mark', async () => {
    const [mark = ''] = /\[hidden: [^\]]*\]/.exec(mask(`"${configured}"`, await secrets())) ?? []
    expect(mark).toMatch(/^\[hidden: \S+ [0-9a-f]{12}\]$/)
    for (const guess of ['[hidden: secret-1]', mark, mark.replace(/[0-9a-f]{12}/, '0'.repeat(12))]) {
      const text = `{"note":"${guess}","a":1}`
      expect(unmask(mask(text, await secrets()), text, await secrets())).toBe(text)
    }
  })

  it('and what a stranger sent in other capitals is not made right', async () => {
    const text = `{"a":"${configured.toUpperCase()}"}`
    expect(unmask(mask(text, await secrets()), text, await secrets())).not.toContain(configured)
  })
})

describe('a path', () => {
  it('with a secret in it is hidden in the detail, in the list and in what is printed', async () => {
    const { receivesAt, settled, page, detail } = await listening()
    await post(`${receivesAt}hooks/${secret}?token=${real}&next=${'n'.repeat(500)}`, { headers: [], body: '{}' })
    await post(`${receivesAt}${'long/'.repeat(100)}`, { headers: [], body: '{}' })
    expect(settled[0]?.about).toEqual([expect.stringMatching(/^\/hooks\/\[hidden: secret-1 [0-9a-f]{12}\]$/)])
    expect(settled[1]?.about[0]?.length).toBe(200)
    const shown =
      JSON.stringify([settled, await detail(1)]) + (await (await fetch(`${page}deliveries/1/fixture`)).text())
    for (const text of [secret, real]) expect(shown).not.toContain(text)
  })

  it('of a provider with tokens is listed without what may be one', () => {
    const about = (path: string) => summarize(kept('{}', [], { path })).about
    expect(about(`/hooks/${real}/x?a=b`)).toEqual(['/hooks/[hidden]/x'])
    expect(
      summarize(kept('{}', [], { path: '/webhooks/payqi?x', source: { name: 'p', provider: payqi({ secret }) } }))
        .about,
    ).toEqual(['/webhooks/payqi'])
  })
})
