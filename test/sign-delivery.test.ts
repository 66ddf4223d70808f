import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createReceiver, memoryStore } from '../src'
import { signDelivery, tamper } from '../src/testing'
import { type ProviderName, senderByName, senders } from '../src/testing/senders'
import { composeDelivery } from '../src/testing/sign-delivery'
import { standInApi } from '../src/testing/stand-in-api'
import { bodyOf, captured, defaultContext, fixture, providerNames, readFixtures } from './support/deliveries'

const now = 1_790_000_000_000
const secret = 'whsec_0123456789abcdef'
const values = { secret, token: 'a-token-of-ours-0123456789', merchantId: 'kpm_abc123' }
const settingsOf = (name: string): Record<string, string> => {
  const { settings } = senderByName[name as ProviderName]
  return Object.fromEntries(
    settings.flatMap(({ name }) => (name in values ? [[name, values[name as keyof typeof values]]] : [])),
  )
}
/** As openssl signs: a witness that is not ours. */
const openssl = (key: string, content: string) =>
  execFileSync('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `key:${key}`, '-hex'], { input: content })
    .toString()
    .trim()
    .replace(/^.*= /, '')

const cases = providerNames.flatMap((name) =>
  Object.entries(senderByName[name as ProviderName].forms).flatMap(([form, { samples }]) =>
    Object.keys(samples).map((type) => ({ name: name as ProviderName, form, type })),
  ),
)
const isTestCall = (form: string) => form === 'testButton' || form === 'testCall'

describe('signDelivery', () => {
  it('has a sender for every provider', () => {
    expect(Object.keys(senders).sort()).toEqual([...providerNames].sort())
    expect(cases.length).toBeGreaterThan(60)
  })

  it.each(captured.deliveries.map((delivery, index) => ({ delivery, index })))(
    "sends what was captured from CasPay's own sender, byte for byte: $index",
    ({ delivery }) => {
      const { event, data, timestamp, merchant_id } = JSON.parse(bodyOf(delivery).toString())
      const made = signDelivery('caspay', event, {
        secret: captured.secret,
        at: new Date(timestamp),
        id: data.payment_id,
        merchantId: merchant_id,
        data,
      })
      expect(made.body).toBe(bodyOf(delivery).toString())
      const own = delivery.headers.filter(([name]) => /^(x-|user-agent|content-type)/i.test(name))
      expect(Object.entries(made.headers).sort()).toEqual(own.sort())
    },
  )

  it.each(['caspay', 'payqi', 'payvost'].flatMap((name) => readFixtures(name).map((fixture) => ({ name, fixture }))))(
    'signs as Python does: $name, $fixture.name',
    ({ name, fixture: { settings, headers, ...recorded } }) => {
      const rawBody = bodyOf(recorded).toString()
      const all = Object.fromEntries(headers)
      const header = Object.keys(all).find((each) => /^x?-?payvost-signature$/i.test(each))
      const time = /^t=(\d+)/.exec(all[header ?? ''] ?? '')?.[1] ?? all['X-PayQI-Timestamp']
      const made = composeDelivery(senderByName[name as ProviderName], JSON.parse(rawBody), {
        ...settings,
        rawBody,
        at: time === undefined ? now : Number(time) * 1000,
        ...(header && { header, signature: all[header]?.startsWith('t=') ? 'timestamped' : 'plain' }),
      })
      expect(made.body).toBe(rawBody)
      expect(made.headers).toMatchObject(all)
    },
  )

  it.each(['token', 'merchant_token'] as const)("seals MugglePay's body as the fixtures have it: %s", (tokenField) => {
    const recorded = fixture('mugglepay', `field \`${tokenField}\``)
    const { token: _, merchant_token: __, ...payload } = JSON.parse(bodyOf(recorded).toString())
    const { token } = recorded.settings as { token: string }
    const stringify = (value: object) => JSON.stringify(value, undefined, 2)
    const made = signDelivery('mugglepay', payload, { token, tokenField, stringify })
    expect(made.body).toBe(bodyOf(recorded).toString())
  })

  it("seals MugglePay's body with the order's own token, as Python makes it", () => {
    const recorded = fixture('mugglepay', 'of this order alone')
    const { token, ...payload } = JSON.parse(bodyOf(recorded).toString())
    const orderTokenSecret = recorded.settings['orderTokenSecret'] ?? ''
    expect(JSON.parse(signDelivery('mugglepay', payload, { orderTokenSecret }).body).token).toBe(token)
  })

  it.each([
    ['X-CasPay-Signature', signDelivery('caspay', 'payment.completed', { secret }), ''],
    ['X-PayQI-Signature', signDelivery('payqi', 'payment.expired', { secret }), ''],
    ['Payvost-Signature', signDelivery('payvost', 'refund.created', { secret }), ''],
    ['X-Payvost-Signature', signDelivery('payvost', 'payment.failed', { secret, form: 'plugin' }), ''],
    [
      'Payvost-Signature',
      signDelivery('payvost', 'user.created', { secret, signature: 'timestamped', at: now }),
      `${now / 1000}.`,
    ],
  ])('signs as openssl does: %s', (header, { headers, body }, before) => {
    expect(headers[header]?.replace(/^t=\d+,v1=/, '')).toBe(openssl(secret, before + body))
  })

  it.each(cases)(
    '$name, $form, $type: is taken as what it is, and an attack on it is not',
    async ({ name, form, type }) => {
      const sender = senderByName[name]
      const settings = settingsOf(name)
      const api = sender.api === undefined ? undefined : standInApi(name)
      const delivery = composeDelivery(sender, type, { ...settings, form, at: now })
      api?.confirm(delivery)
      const drifts: unknown[] = []
      const provider = sender.createProvider(settings, api?.fetch)
      const body = new TextEncoder().encode(delivery.body)
      const context = { ...defaultContext(now), drift: (drift: unknown) => drifts.push(drift) }
      const event = (async () => provider.verify({ headers: delivery.headers, body }, context))()
      if (isTestCall(form)) return expect(event).rejects.toMatchObject({ code: 'signature_malformed' })
      expect(await event).toMatchObject({ provider: name, form, type, wireType: type })
      // Our samples have no field that the receiver does not know.
      expect(drifts).toEqual([])
    },
  )

  it.each(cases.filter(({ form }) => !isTestCall(form)))(
    '$name, $form, $type: twice is two events, but by one id one',
    ({ name, form, type }) => {
      const bodyWith = (id?: string) =>
        composeDelivery(senderByName[name], type, { ...settingsOf(name), form, at: now, ...(id && { id }) }).body
      expect(bodyWith()).not.toBe(bodyWith())
      expect(bodyWith('evt_1')).toBe(bodyWith('evt_1'))
    },
  )

  it('changes the sample as deep as it is told, and leaves out what is undefined', () => {
    const data = { payment: { amount: 7, metadata: { orderId: 'o_1' }, status: undefined } }
    const { body } = signDelivery('caspay', 'payment.completed', { secret, id: 'evt_9', at: now, data })
    expect(JSON.parse(body)).toEqual({
      id: 'evt_9',
      type: 'payment.completed',
      created: now / 1000,
      data: { payment: { id: 'pay_9', amount: 7, currency: 'CSPR', metadata: { orderId: 'o_1' } } },
    })
  })

  it('signs with several secrets where the header takes several, else with the newest', () => {
    const both = ['new-secret-0123456789', 'old-secret-0123456789']
    const timestamped = signDelivery('payvost', undefined, { secret: both, signature: 'timestamped', at: now })
    const [t, ...marks] = timestamped.headers['Payvost-Signature']?.split(',') ?? []
    expect(marks).toEqual(both.map((each) => `v1=${openssl(each, `${t?.slice(2)}.${timestamped.body}`)}`))
    const plain = signDelivery('payqi', undefined, { secret: both })
    expect(plain.headers['X-PayQI-Signature']).toBe(openssl(both[0] ?? '', plain.body))
  })

  it.each([
    [400, 0, 'timestamp_in_future'],
    [-400, 0, 'timestamp_too_old'],
    [0, 400, undefined],
    [0, 300_000, 'timestamp_too_old'],
    [299, 0, undefined],
  ])('has a clock that is %i s off, and an event %i s old: %s', async (skewSeconds, ageSeconds, code) => {
    const receiver = createReceiver({
      provider: senders.payqi.createProvider({ secret }),
      store: memoryStore(),
      now: () => now,
      observe: () => {},
    })
    const delivery = signDelivery('payqi', 'payment.completed', { secret, at: now, skewSeconds, ageSeconds })
    const outcome = await receiver.receive(delivery, () => {})
    expect('error' in outcome ? outcome.error.code : undefined).toBe(code)
  })

  it.each([
    [
      'an event that is none',
      () => composeDelivery(senderByName.payqi, 'payment.complete', { secret } as object),
      /It sends documented: payment\.created,/,
    ],
    [
      'an event of another form',
      () => composeDelivery(senderByName.payvost, 'user.created', { secret, form: 'main' } as object),
      /no such event in that form/,
    ],
    [
      'a form that is none',
      () => composeDelivery(senderByName.payvost, {}, { secret, form: 'nix' } as object),
      /no such event in that form/,
    ],
    ['no secret', () => signDelivery('caspay', undefined, { secret: '' }), /caspay\(\{ secret \}\) is missing/],
    ['no token', () => signDelivery('mugglepay', 'PAID', {}), /mugglepay\(\{ token \}\) is missing/],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(message)
  })

  it('is tampered with so that it is still JSON, and no signature holds', async () => {
    for (const { name, form, type } of cases.filter(({ name }) => senderByName[name].api === undefined)) {
      const changed = tamper(composeDelivery(senderByName[name], type, { ...settingsOf(name), form, at: now }))
      expect(() => JSON.parse(changed.body)).not.toThrow()
      const body = new TextEncoder().encode(changed.body)
      const provider = senderByName[name].createProvider(settingsOf(name))
      const verified = (async () => provider.verify({ headers: changed.headers, body }, defaultContext(now)))()
      await expect(verified).rejects.toMatchObject({ code: expect.stringMatching(/^signature_m/) })
    }
  })
})
