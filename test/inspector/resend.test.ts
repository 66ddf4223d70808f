import { describe, expect, it } from 'vitest'
import { caspay, merchantToken, mugglepay, type Provider, payqi, payvost } from '../../src'
import { mask, unmask } from '../../src/inspector/mask'
import { describe as describeDelivery } from '../../src/inspector/present'
import { ownSecrets, secretsIn } from '../../src/inspector/secrets'
import { signAnew } from '../../src/inspector/sign'
import { bodyOf, hexHmac, type Pairs, readFixtures } from '../support/deliveries'
import { post } from '../support/server'
import { secret } from '../support/shop'
import { listening } from './desk'

const json: Pairs = [['content-type', 'application/json']]

/** A delivery of the dispatched form, of now. */
function dispatched(paymentId: string, key = secret) {
  const data = { payment_id: paymentId, transaction_hash: 'h', amount: 2, currency: 'CSPR' }
  const body = JSON.stringify({
    event: 'payment.received',
    data,
    timestamp: new Date().toISOString(),
    merchant_id: 'm',
  })
  return { headers: [...json, ['X-CasPay-Signature', hexHmac(key, body)]] as Pairs, body }
}

describe('signing anew', () => {
  const signers: [string, (settings: { secret: string }) => Provider][] = [
    ['caspay', caspay],
    ['payqi', payqi],
    ['payvost', payvost],
  ]
  const nowMs = 1_790_000_000_000

  it.each(signers)(
    '%s: what was changed verifies as of a later time, in the form that was delivered',
    async (name, create) => {
      const key = 'whsec_of_the_desk_0123456789'
      const provider = create({ secret: key })
      const fixtures = readFixtures(name).filter(({ settings }) => typeof settings['secret'] === 'string')
      expect(fixtures.length).toBeGreaterThan(2)
      let verified = 0
      for (const fixture of fixtures) {
        const body = bodyOf(fixture)
        const laterMs = fixture.now + 3_600_000
        const headers = signAnew(provider, fixture.headers, body, laterMs)
        expect(headers.length).toBeGreaterThanOrEqual(fixture.headers.length)
        const context = { nowMs: laterMs, toleranceSeconds: 300, maxEventAgeSeconds: 259_200 }
        const event = await provider.verify({ headers, body }, context)
        expect(event.proof.by).toBe('signature')
        const before = fixture.headers.find(([header]) => /-signature$/i.test(header))
        const after = headers.find(([header]) => header === before?.[0])
        expect(after?.[1].replace(/\d{10}|[0-9a-f]{64}/g, '#')).toBe(
          before?.[1].replace(/\d{10}|[0-9a-f]{64}/g, '#').replace(/(,v1=#)+$/, ',v1=#'),
        )
        verified++
      }
      expect(verified).toBe(fixtures.length)
    },
  )

  it('takes the newest secret that is still valid, and none that is not', () => {
    const old = { id: 'old', value: 'old-secret-0123456789', notAfter: new Date(nowMs - 1) }
    const headers: Pairs = [['x-caspay-signature', 'x']]
    const body = Buffer.from('{}')
    const both = caspay({ secret: [old, { id: 'new', value: secret }] })
    expect(signAnew(both, headers, body, nowMs)).toEqual([['x-caspay-signature', hexHmac(secret, '{}')]])
    expect(() => signAnew(caspay({ secret: old }), headers, body, nowMs)).toThrow('past its `notAfter`')
  })
})

describe('sending again', () => {
  it('as it was: the same bytes, a duplicate', async () => {
    const { receivesAt, change, settled } = await listening()
    await post(receivesAt, dispatched('pay_1'))
    expect((await change('deliveries/1/resend', { how: 'as it was' })).status).toBe(200)
    expect(settled[1]).toMatchObject({
      outcome: 'duplicate',
      again: { of: 1, how: 'as it was', changed: false },
      bodyHash: settled[0]?.bodyHash,
    })
  })

  it('changed and signed anew: verified; changed as it was: refused', async () => {
    const { receivesAt, change, settled, detail } = await listening()
    const delivery = dispatched('pay_1')
    await post(receivesAt, delivery)
    const body = delivery.body.replace('pay_1', 'pay_2')
    await change('deliveries/1/resend', { how: 'signed anew', body })
    await change('deliveries/1/resend', { how: 'as it was', body })
    expect(settled.map(({ outcome, code, eventId }) => [outcome, code, eventId])).toEqual([
      ['processed', undefined, 'payment.received:pay_1'],
      ['processed', undefined, 'payment.received:pay_2'],
      ['rejected', 'signature_mismatch', undefined],
    ])
    expect((await detail(2)).summary.again).toEqual({ of: 1, how: 'signed anew', changed: true })
  })

  it.each(['', 'null', '[]', '{"how":"forged"}', '{"how":"as it was","body":1}'])(
    'refuses the order %s',
    async (order) => {
      const { receivesAt, page, settled } = await listening()
      await post(receivesAt, dispatched('pay_1'))
      const answer = await fetch(`${page}deliveries/1/resend`, {
        method: 'POST',
        headers: { origin: new URL(page).origin },
        body: order,
      })
      expect([answer.status, settled.length]).toEqual([400, 1])
    },
  )

  it('refuses an order of 9 MB, and one for a delivery that is gone', async () => {
    const { receivesAt, change } = await listening()
    await post(receivesAt, dispatched('pay_1'))
    const order = { how: 'as it was', body: 'x'.repeat(9_000_000) }
    expect((await change('deliveries/1/resend', order)).status).toBe(413)
    expect((await change('deliveries/2/resend', { how: 'as it was' })).status).toBe(404)
  })
})

describe('secrets', () => {
  const orderTokenSecret = 'order-token-secret-0123456789'
  const token = merchantToken(orderTokenSecret, 'o_1')
  const payload = (offered: string) =>
    `{"order_id":"mug_1","merchant_order_id":"o_1","status":"PAID","price_amount":"5","price_currency":"USD",` +
    `"created_at":"${new Date().toISOString()}","created_at_t":${Date.now()},"token":"${offered}"}`
  const escaped = token.replace(/^./, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)

  it.each([
    ['as it is', token],
    ['in JSON escapes', escaped],
    ['in capitals', token.toUpperCase()],
  ])('a token in the body is shown nowhere: %s', async (_, offered) => {
    const { receivesAt, page, detail } = await listening({ provider: mugglepay({ orderTokenSecret }) })
    await post(receivesAt, { headers: [...json, ['X-Copy', offered]], body: payload(offered) })
    const shown = await Promise.all(
      ['', '/fixture', '/curl'].map(async (path) => (await fetch(`${page}deliveries/1${path}`)).text()),
    )
    const fixture = JSON.parse(shown[1] ?? '') as { body_base64: string }
    const all = [...shown, Buffer.from(fixture.body_base64, 'base64').toString()].join('\n').toLowerCase()
    for (const secret of [token, escaped, orderTokenSecret]) expect(all).not.toContain(secret.toLowerCase())
    expect((await detail(1)).body).toMatchObject({ hidden: true, text: expect.stringContaining('[hidden: ') })
  })

  it('a hidden token is put back into what is sent again', async () => {
    const { receivesAt, change, settled, detail } = await listening({ provider: mugglepay({ orderTokenSecret }) })
    await post(receivesAt, { headers: json, body: payload(token) })
    const { body, resend } = await detail(1)
    expect(resend).toEqual({ asItWas: true, anew: false, why: expect.stringContaining('not signed') })
    await change('deliveries/1/resend', { how: 'as it was', body: body?.text.replace('mug_1', 'mug_2') })
    expect(settled.map(({ outcome, eventId }) => [outcome, eventId])).toEqual([
      ['processed', expect.stringContaining('mug_1')],
      ['processed', expect.stringContaining('mug_2')],
    ])
  })

  it('a signing secret is shown nowhere, not even where a sender sends it', async () => {
    const { receivesAt, page } = await listening()
    const body = JSON.stringify({ note: secret, again: secret.toUpperCase() })
    await post(receivesAt, { headers: [...json, ['X-CasPay-Signature', secret], ['Cookie', 'session=abc123']], body })
    const shown = await (await fetch(`${page}deliveries/1`)).text()
    expect(shown).toContain('[hidden: secret-1 ')
    expect(shown.toLowerCase()).not.toContain(secret)
    expect(shown).not.toContain('abc123')
  })

  it('a signing secret in what a handler threw is shown nowhere', async () => {
    const source = { name: 'caspay', provider: caspay({ secret }) }
    const kept = { number: 1, receivedAtMs: 0, source, headers: [], steps: [], body: Buffer.from('{}') }
    const shown = await describeDelivery({ ...kept, thrown: new Error(`refused: ${secret}`) }, false)
    expect(shown.thrown).toMatchObject({ hidden: true, text: expect.stringContaining('refused: [hidden: secret-1 ') })
    expect(JSON.stringify(shown)).not.toContain(secret)
  })

  it.each(['"\\', '"', '\\"', '"\\"', '"token":', '"token":[', '{"token":"",', '"a": ', '&token=', 'token'])(
    'masking costs little, whatever a stranger sends: a megabyte of %s',
    (part) => {
      const startedMs = performance.now()
      mask(part.repeat(1_000_000 / part.length), ownSecrets(caspay({ secret })))
      expect(performance.now() - startedMs).toBeLessThan(2000)
    },
  )

  it('masks and unmasks to the same text', async () => {
    const secrets = await secretsIn(caspay({ secret: 'with.+*(signs)\\in"it$&' }), undefined)
    const text = `{"a":${JSON.stringify('with.+*(signs)\\in"it$&')}}`
    const masked = mask(text, secrets)
    expect(masked).toMatch(/^\{"a":"\[hidden: secret-1 [0-9a-f]{12}\]"\}$/)
    expect(unmask(masked, text, secrets)).toBe(text)
  })
})
