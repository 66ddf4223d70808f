import { describe, expect, it, vi } from 'vitest'
import { caspay, createReceiver, memoryStore, mugglepay, payvost, type Report } from '../src'
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
  const test = { id: 'test', value: 'whsec_test_0123456789', mode: 'test' } as const
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

  it('refuses them by their token', async () => {
    const body = JSON.stringify({
      order_id: 'm',
      merchant_order_id: 'o',
      status: 'PAID',
      price_amount: '1',
      price_currency: 'USD',
      token: test.value,
    })
    const { receiver } = createShop({ provider: mugglepay({ token: [live, test] }), mode: 'live' })
    expect(await receiver.receive({ headers: [], body }, () => {})).toMatchObject({ error: { code: 'mode_mismatch' } })
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
  async function diagnosed(shop: ReturnType<typeof createShop>, request: ReturnType<typeof forged>) {
    const before = diagnoses(shop.reports).length
    await shop.receiver.receive(request, () => {})
    await until(() => diagnoses(shop.reports).length > before).catch(() => {})
    return diagnoses(shop.reports).length - before
  }

  it('is seldom: three of a code, then one for every ten seconds since the last ended', async () => {
    const shop = createShop({ diagnose: true })
    const clock = vi.spyOn(performance, 'now')
    const began = performance.now()
    for (let i = 0; i < 3; i++) expect(await diagnosed(shop, forged())).toBe(1)
    expect(await diagnosed(shop, forged())).toBe(0)
    clock.mockImplementation(() => began + 60_000)
    for (let i = 0; i < 3; i++) expect(await diagnosed(shop, forged())).toBe(1)
    clock.mockImplementation(() => began + 69_000)
    expect(await diagnosed(shop, forged())).toBe(0)
    clock.mockImplementation(() => began + 70_000)
    expect(await diagnosed(shop, forged())).toBe(1)
    expect(await diagnosed(shop, forged())).toBe(0)
    clock.mockRestore()
  })

  it('is not starved by a stranger: each code has its own allowance, and a forgery leaves some', async () => {
    const shop = createShop({ diagnose: true })
    await diagnosed(shop, forged())
    expect(await diagnosed(shop, broken)).toBe(1)
    expect(diagnoses(shop.reports).at(-1)).toMatchObject({ cause: 'body_trailing' })
    for (let i = 0; i < 3; i++) await diagnosed(shop, unsigned())
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
