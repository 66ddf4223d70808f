import { beforeAll, describe, expect, it, vi } from 'vitest'
import {
  caspay,
  createReceiver,
  memoryStore,
  merchantToken,
  mugglepay,
  payvost,
  type Report,
  type SecretSettings,
} from '../src'
import { bodyOf, createProvider, hexHmac, type Pairs, providerNames, readFixtures } from './support/deliveries'
import { thrown } from './support/errors'
import { createShop, forged, genuine, now, secret, sleep, until } from './support/shop'

const signed = (change: (body: string) => string) => genuine('evt_1', change)
const drifts = (reports: Report[]) =>
  reports.flatMap((report) => (report.type === 'drift' ? [[report.kind, report.wireType, report.path]] : []))

describe('what a provider sends anew', () => {
  it('is reported by its path, never its value, and once each', async () => {
    const { receiver, reports } = createShop()
    const grown = (id: string) =>
      genuine(id, (body) => body.replace('"id":"p"', '"id":"p","tip":"a secret tip","risk\\u0007":{"score":1}'))
    for (const id of ['evt_1', 'evt_2', 'evt_3'])
      expect((await receiver.receive(grown(id), () => {})).kind).toBe('processed')
    expect(drifts(reports)).toEqual([
      ['unknown_field', 'payment.completed', 'payment.tip'],
      ['unknown_field', 'payment.completed', 'payment.…'],
    ])
    expect(JSON.stringify(reports)).not.toContain('secret tip')
  })

  it('is reported as a type', async () => {
    const { receiver, reports } = createShop()
    const anew = signed((body) => body.replace('payment.completed', 'payment.disputed'))
    for (let i = 0; i < 3; i++) await receiver.receive(anew, () => {})
    expect(drifts(reports)).toEqual([['unknown_type', 'payment.disputed', undefined]])
  })

  it('is reported where known data does not fit any more', async () => {
    const { receiver, reports } = createShop()
    const misfit = signed((body) => body.replace('"p"', '7'))
    for (let i = 0; i < 3; i++) expect((await receiver.receive(misfit, () => {})).reply.status).toBe(422)
    expect(drifts(reports)).toEqual([['misfit', 'payment.completed', 'payment.id']])
  })

  it('is not reported from anybody who is not proven', async () => {
    const { receiver, reports } = createShop()
    const { body } = signed((text) => text.replace('"id":"p"', '"id":"p","tip":1'))
    await receiver.receive({ ...forged(), body }, () => {})
    expect(drifts(reports)).toEqual([])
  })

  it.each([
    ['another merchant', { provider: caspay({ secret, merchantId: 'mine' }) }, 'account_mismatch'],
    [
      'another mode',
      { provider: caspay({ secret: { id: 'test', value: secret, mode: 'test' } }), mode: 'live' },
      'mode_mismatch',
    ],
  ] as const)('is not reported of what is for %s', async (_, options, code) => {
    const { receiver, reports } = createShop(options)
    const changes = [
      (body: string) => body.replace('"id":"p"', '"id":"p","tip":1'),
      (body: string) => body.replace('payment.completed', 'payment.disputed'),
    ]
    const misfit = (body: string) => body.replace('"p"', '7')
    for (const change of code === 'account_mismatch' ? [...changes, misfit] : changes) {
      const request = signed((body) => change(body).replace('{', '{"merchant_id":"theirs",'))
      expect(await receiver.receive(request, () => {})).toMatchObject({ error: { code } })
    }
    expect(drifts(reports)).toEqual([])
  })

  it.each(providerNames)('is nothing in what %s is known to send', async (name) => {
    const found: unknown[] = []
    for (const { settings, api, ...delivery } of readFixtures(name)) {
      const provider = createProvider(name, settings, api)
      const observe = (report: Report) => {
        if (report.type === 'drift' && report.kind !== 'unknown_type') found.push([delivery.name, report.path])
      }
      const receiver = createReceiver({ provider, store: memoryStore(), now: () => delivery.now, observe })
      await receiver.verify({ headers: delivery.headers, body: bodyOf(delivery) }).catch(() => {})
    }
    expect(found).toEqual([])
  })
})

describe('the mode', () => {
  const test = { id: 'test', value: 'whsec_test_0123456789ab', mode: 'test' } as const
  const live = { id: 'live', value: secret, mode: 'live' } as const
  const testDelivery = () => {
    const { body } = genuine()
    return { method: 'POST', headers: [['X-CasPay-Signature', hexHmac(test.value, body)]] as Pairs, body }
  }

  it('refuses test events in live, by the secret that signed them', async () => {
    const provider = caspay({ secret: [live, test] })
    const { receiver, reports } = createShop({ provider, mode: 'live' })
    const handler = vi.fn()
    expect(await receiver.receive(testDelivery(), handler)).toMatchObject({
      reply: { status: 401, body: '{"error":"unauthorized"}' },
      error: { code: 'mode_mismatch' },
    })
    expect(handler).not.toHaveBeenCalled()
    expect((await receiver.receive(genuine(), handler)).kind).toBe('processed')
    expect(reports).toMatchObject([{ code: 'mode_mismatch' }, { secretId: 'live', outcome: 'processed' }])
    expect((await createShop({ provider, mode: 'test' }).receiver.receive(testDelivery(), handler)).kind).toBe(
      'processed',
    )
  })

  it('refuses them by what the delivery says', async () => {
    const body = `{"id":"evt_1","type":"payment.succeeded","createdAt":"${new Date(now).toISOString()}","liveMode":false,"data":{"id":"p","amount":"1","currency":"USD","status":"succeeded"}}`
    const request = { method: 'POST', headers: [['Payvost-Signature', hexHmac(secret, body)]] as Pairs, body }
    const { receiver } = createShop({ provider: payvost({ secret }), mode: 'live' })
    expect(await receiver.receive(request, () => {})).toMatchObject({ error: { code: 'mode_mismatch' } })
    expect((await createShop({ provider: payvost({ secret }) }).receiver.verify(request)).proof.mode).toBe('test')
  })

  const order = { order_id: 'm', merchant_order_id: 'o', status: 'PAID', price_amount: '1', price_currency: 'USD' }
  const kinds = {
    token: (settings: SecretSettings) => ({ provider: mugglepay({ token: settings }), token: settings.value }),
    tokenFor: (settings: SecretSettings) => ({
      provider: mugglepay({ tokenFor: () => settings }),
      token: settings.value,
    }),
    orderTokenSecret: (settings: SecretSettings) => ({
      provider: mugglepay({ orderTokenSecret: settings }),
      token: merchantToken(String(settings.value), 'o'),
    }),
  }

  it.each(
    Object.entries(kinds).flatMap(([name, make]) =>
      (['test', 'live'] as const).map(
        (mode) => ({ name, make, mode, other: mode === 'test' ? 'live' : 'test' }) as const,
      ),
    ),
  )('refuses the $other mode by the $name, where it is for $mode', async ({ make, mode, other }) => {
    const received = async (settings: SecretSettings) => {
      const { provider, token } = make(settings)
      const { receiver } = createShop({ provider, mode })
      return receiver.receive({ headers: [], body: JSON.stringify({ ...order, token }) }, () => {})
    }
    const value = 'a-token-of-0123456789'
    expect(await received({ id: 'a', value, mode: other })).toMatchObject({ error: { code: 'mode_mismatch' } })
    expect(await received({ id: 'a', value, mode })).toMatchObject({ kind: 'processed', event: { proof: { mode } } })
    expect(await received({ id: 'a', value })).toMatchObject({ kind: 'processed' })
    const dated = (ms: number) => received({ id: 'a', value, mode, notAfter: new Date(now + ms) })
    expect(await dated(-1)).toMatchObject({ error: { code: 'token_mismatch' } })
    expect(await dated(1000)).toMatchObject({ kind: 'processed' })
  })

  it.each(['notAfter', 'mode'])('and a %s that is given but missing are refused, not taken for none', (name) => {
    for (const missing of [undefined, null]) {
      const settings = { id: 'a', value: secret, [name]: missing } as never
      for (const build of [
        () => caspay({ secret: settings }),
        () => mugglepay({ token: [settings] }),
        () => mugglepay({ orderTokenSecret: settings }),
      ])
        expect(thrown(build)).toMatchObject({
          code: 'configuration_invalid',
          hint: expect.stringMatching(new RegExp(`\\.${name} (?:is given but missing|must be)`)),
        })
    }
  })

  it('of the receiver is refused where it is given but missing', () => {
    expect(thrown(() => createShop({ mode: undefined as never })).hint).toContain('mode is given but missing')
  })

  it('is test or live', () => {
    expect(thrown(() => createShop({ mode: 'prod' as never })).hint).toContain('mode')
  })
})

describe('diagnose', () => {
  const broken = { ...genuine(), headers: [['X-CasPay-Signature', hexHmac(secret, `${genuine().body}\n`)]] as Pairs }
  const diagnoses = (reports: Report[]) => reports.filter(({ type }) => type === 'diagnosis')

  it('reports the cause after the answer, and never in it', async () => {
    const { receiver, reports } = createShop({ diagnose: true })
    const { reply } = await receiver.receive(broken, () => {})
    expect(diagnoses(reports)).toEqual([])
    expect(reply.body).toBe('{"error":"unauthorized"}')
    await until(() => diagnoses(reports).length > 0)
    expect(diagnoses(reports)).toMatchObject([
      { provider: 'caspay', cause: 'body_trailing', code: 'signature_mismatch', secretId: 'secret-1' },
    ])
    expect(JSON.stringify(reports)).not.toContain(secret)
  })

  it('is one at a time: whatever comes while one runs is not diagnosed', async () => {
    const { receiver, reports } = createShop({ diagnose: true })
    await Promise.all(Array.from({ length: 200 }, () => receiver.receive(forged(), () => {})))
    await until(() => diagnoses(reports).length > 0)
    await sleep(100)
    expect(diagnoses(reports)).toMatchObject([{ cause: 'unexplained' }])
  })

  const unsigned = () => ({ ...genuine(), headers: [] as Pairs })
  /** Sends, and waits for what comes of it. */
  async function diagnosed(shop: ReturnType<typeof createShop>, request: ReturnType<typeof forged>, patience = 500) {
    const before = diagnoses(shop.reports).length
    await shop.receiver.receive(request, () => {})
    for (let i = 0; i < patience && diagnoses(shop.reports).length === before; i++) await sleep(10)
    return diagnoses(shop.reports).length - before
  }

  // Loading it takes longer than running it.
  beforeAll(() => import('../src/diagnosis/explain'))

  it('is seldom: three of a code, then one for every ten seconds since the last ended', async () => {
    const shop = createShop({ diagnose: true })
    const clock = vi.spyOn(performance, 'now')
    const began = performance.now()
    for (let i = 0; i < 3; i++) expect(await diagnosed(shop, forged())).toBe(1)
    expect(await diagnosed(shop, forged(), 15)).toBe(0)
    clock.mockImplementation(() => began + 60_000)
    for (let i = 0; i < 3; i++) expect(await diagnosed(shop, forged())).toBe(1)
    clock.mockImplementation(() => began + 69_000)
    expect(await diagnosed(shop, forged(), 15)).toBe(0)
    clock.mockImplementation(() => began + 70_001)
    expect(await diagnosed(shop, forged())).toBe(1)
    expect(await diagnosed(shop, forged(), 15)).toBe(0)
    clock.mockRestore()
  })

  it('is not starved by a stranger: each code has its own allowance, and a forgery leaves some', async () => {
    const shop = createShop({ diagnose: true })
    await diagnosed(shop, forged())
    expect(await diagnosed(shop, broken)).toBe(1)
    expect(diagnoses(shop.reports).at(-1)).toMatchObject({ cause: 'body_trailing' })
    for (let i = 0; i < 3; i++) expect(await diagnosed(shop, unsigned())).toBe(1)
    expect(await diagnosed(shop, broken)).toBe(1)
  })

  it('knows the other secrets it is given', async () => {
    const other = { id: 'eu', value: 'another-secret-0123456789' }
    const { receiver, reports } = createShop({ diagnose: { otherSecrets: other } })
    await receiver.verify(forged()).catch(() => {})
    await until(() => diagnoses(reports).length > 0)
    expect(diagnoses(reports)).toMatchObject([{ cause: 'secret_of_another', secretId: 'eu' }])
  })

  it('is off unless it is asked for, and refuses secrets that are none', async () => {
    const { receiver, reports } = createShop()
    await receiver.receive(broken, () => {})
    await sleep(50)
    expect(diagnoses(reports)).toEqual([])
    expect(thrown(() => createShop({ diagnose: { otherSecrets: ' ' } })).hint).toContain('otherSecrets')
  })
})
