import { describe, expect, it, vi } from 'vitest'
import { type KasperopaySettings, kasperopay } from '../src'
import { defaultContext } from './support/deliveries'
import { rejection, thrown } from './support/errors'

const now = Date.parse('2026-01-30T15:30:05Z')
const claims = {
  event: 'payment.completed',
  timestamp: '2026-01-30T15:30:00.000Z',
  merchant_id: 'kpm_abc123',
  payment_id: 'pay_xyz789',
  order_id: 'ord_456',
  amount_kas: '150.5',
  amount_usd: '15.05',
  transaction_id: 'abc123',
}
const facts = {
  payment_id: 'pay_xyz789',
  status: 'completed',
  amount_kas: 150.5,
  amount_usd: 15.05,
  txid: 'abc123',
  store_name: 'Your Store',
  confirmed_at: '2026-01-30T15:29:58Z',
  expires_at: '2026-01-30T15:45:00Z',
}
const merchantId = 'kpm_abc123'
type Answer = () => Response | Promise<Response>
const json =
  (body: unknown): Answer =>
  () =>
    Response.json(body)

const stub = (...answers: Answer[]) =>
  vi.fn(
    async (_url: unknown, _init?: unknown) =>
      (answers.length > 1 ? answers.shift() : answers[0])?.() ?? Response.error(),
  )
const verify = async (settings: Partial<KasperopaySettings>, payload: object = claims, at = now) =>
  kasperopay({ merchantId, ...settings }).verify(
    { headers: {}, body: Buffer.from(JSON.stringify(payload)) },
    defaultContext(at),
  )
const withFacts = (difference: object) => ({
  fetch: stub(json({ ...facts, ...difference })) as unknown as typeof fetch,
})

describe('facts and claims', () => {
  it('keeps what the API confirmed apart from what the sender said', async () => {
    const event = await verify(withFacts({}), {
      ...claims,
      order_id: 'forged',
      amount_kas: '1000',
      items: [{ name: 'yacht' }],
    })
    expect(event.data).toEqual(facts)
    expect(event.claims).toMatchObject({ order_id: 'forged', amount_kas: '1000' })
    expect(event.payment).toEqual({
      outcome: 'succeeded',
      paymentId: 'pay_xyz789',
      amount: { value: '150.5', currency: 'KAS' },
      transactionHash: 'abc123',
    })
    expect(event.binding).toBe('unbound')
    expect(event.proof).toEqual({ by: 'api', coversBody: false, timestamp: 'confirmed' })
  })

  it('keeps an amount that a double would round', async () => {
    const answer: Answer = () =>
      new Response(JSON.stringify(facts).replace('150.5', '90071992547409.93123'), {
        headers: { 'content-type': 'application/json' },
      })
    expect((await verify({ fetch: stub(answer) as never })).payment?.amount?.value).toBe('90071992547409.93123')
  })
})

describe('what is not proven', () => {
  it.each([
    ['unknown to the API', () => Response.json({}, { status: 404 }), 'payment_not_confirmed', 401],
    ['pending', json({ ...facts, status: 'pending' }), 'payment_pending', 503],
    ['confirming', json({ ...facts, status: 'confirming' }), 'payment_pending', 503],
    ['expired', json({ ...facts, status: 'expired' }), 'payment_not_confirmed', 401],
    ['another payment', json({ ...facts, payment_id: 'pay_other' }), 'payment_mismatch', 401],
    ['without a confirmed time', json({ ...facts, confirmed_at: undefined }), 'timestamp_missing', 401],
    ['confirmed last year', json({ ...facts, confirmed_at: '2025-01-30T15:29:58Z' }), 'timestamp_too_old', 401],
    ['confirmed tomorrow', json({ ...facts, confirmed_at: '2026-01-31T15:29:58Z' }), 'timestamp_in_future', 401],
    ['COMPLETED in capitals', json({ ...facts, status: 'COMPLETED' }), 'confirmation_unavailable', 503],
    ['a server error', () => new Response('', { status: 500 }), 'confirmation_unavailable', 503],
    [
      'a server error that says completed',
      () => Response.json(facts, { status: 500 }),
      'confirmation_unavailable',
      503,
    ],
    [
      'a redirect',
      () => new Response('', { status: 302, headers: { location: 'https://evil.example/' } }),
      'confirmation_unavailable',
      503,
    ],
    [
      'an HTML page',
      () => new Response('<p>completed', { headers: { 'content-type': 'text/html' } }),
      'confirmation_unavailable',
      503,
    ],
    ['text that is none', () => new Response('completed'), 'confirmation_unavailable', 503],
    [
      'JSON that says it is HTML',
      () => new Response(JSON.stringify(facts), { headers: { 'content-type': 'text/html' } }),
      'confirmation_unavailable',
      503,
    ],
    [
      'broken JSON',
      () => new Response('{', { headers: { 'content-type': 'application/json' } }),
      'confirmation_unavailable',
      503,
    ],
    [
      'status twice',
      () =>
        new Response('{"status":"expired","status":"completed"}', { headers: { 'content-type': 'application/json' } }),
      'confirmation_unavailable',
      503,
    ],
    ['a list', json([facts]), 'confirmation_unavailable', 503],
    [
      '10 MB',
      () => new Response('x'.repeat(10_000_000), { headers: { 'content-type': 'application/json' } }),
      'confirmation_unavailable',
      503,
    ],
    ['no network', () => Promise.reject(new TypeError('fetch failed')), 'confirmation_unavailable', 503],
  ] as [string, Answer, string, number][])('%s', async (_, answer, code, status) => {
    expect(await rejection(verify({ fetch: stub(answer) as never }))).toMatchObject({ code, status })
  })

  it('an API that never answers, within its time-out, even if fetch ignores the signal', async () => {
    const error = await rejection(verify({ fetch: (() => new Promise(() => {})) as never, timeoutMs: 30 }))
    expect(error).toMatchObject({ code: 'confirmation_unavailable', status: 503 })
  })

  it('an answer whose body never ends', async () => {
    const endless = () =>
      new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) }), {
        headers: { 'content-type': 'application/json' },
      })
    expect((await rejection(verify({ fetch: stub(endless) as never, timeoutMs: 30 }))).code).toBe(
      'confirmation_unavailable',
    )
  })

  it("another merchant's payment", async () => {
    const fetch = stub(json(facts))
    expect(await rejection(verify({ fetch: fetch as never }, { ...claims, merchant_id: 'kpm_other' }))).toMatchObject({
      code: 'account_mismatch',
      status: 401,
    })
    expect(fetch).not.toHaveBeenCalled()
    expect((await rejection(verify({ ...withFacts({}), storeName: 'Another Store' }))).code).toBe('account_mismatch')
  })

  it('another event under a completed payment, which would use up its key', async () => {
    const fetch = stub(json(facts))
    const error = await rejection(verify({ fetch: fetch as never }, { ...claims, event: 'payment.refunded' }))
    expect(error.code).toBe('payment_not_confirmed')
    expect(fetch).not.toHaveBeenCalled()
  })

  it.each([
    '',
    '.',
    '..',
    '../../admin',
    '..%2f..%2fadmin',
    'pay_1#',
    'pay_1?x=1',
    'pay_1 ',
    'a/../pay_1',
    '@evil',
    '//evil',
    '\\..\\..',
    '%2e%2e',
    'pay\r\nX: y',
    'ｐａｙ',
    'é',
    'x'.repeat(129),
    7,
    null,
    ['pay_1'],
    { a: 1 },
  ])('the id %j, before anything is asked', async (payment_id) => {
    const fetch = stub(json(facts))
    expect(await rejection(verify({ fetch: fetch as never }, { ...claims, payment_id }))).toMatchObject({
      code: 'payment_not_confirmed',
      status: 401,
    })
    expect(fetch).not.toHaveBeenCalled()
  })

  it('a body that is no JSON object', async () => {
    const verifyText = async (body: string) =>
      kasperopay({ merchantId }).verify({ headers: {}, body: Buffer.from(body) }, defaultContext(now))
    for (const body of ['', 'hello', '[]', '{"payment_id":"a","payment_id":"b"}'])
      expect(await rejection(verifyText(body))).toMatchObject({ code: 'payment_not_confirmed', status: 401 })
  })
})

describe('claims', () => {
  it.each([
    ['a number for an order id', { order_id: 456 }, { order_id: '456' }],
    ["PHP's empty object", { metadata: [], items: {} }, { metadata: [], items: {} }],
    ['a number for a time', { timestamp: 1_790_000_000 }, { timestamp: '1790000000' }],
    ['a number for an amount', { amount_kas: 150.5 }, { amount_kas: '150.5' }],
    ['nonsense', { customer_address: { a: 1 } }, {}],
  ])('that are odd are no reason to refuse a confirmed payment: %s', async (_, odd, read) => {
    expect((await verify(withFacts({}), { ...claims, ...odd })).claims).toMatchObject(read)
  })

  it('cost next to nothing, however many', async () => {
    const { createReceiver, memoryStore } = await import('../src')
    const receiver = createReceiver({
      provider: kasperopay({ merchantId, ...withFacts({}) }),
      store: memoryStore(),
      observe: () => {},
      now: () => now,
    })
    const send = (items: number) =>
      receiver.receive({ headers: {}, body: JSON.stringify({ ...claims, items: Array(items).fill(1) }) }, () => {})
    expect((await send(500_000)).reply.status).toBe(413)
    expect((await send(30_000)).reply.status).toBe(200)
  })
})

describe('asking', () => {
  it.each([
    [{}, 'https://kaspa-store.com/api/pay/status/pay_xyz789'],
    [{ statusPath: '/pay/status/' }, 'https://kaspa-store.com/pay/status/pay_xyz789'],
    [{ apiUrl: 'http://127.0.0.1:9/base/' }, 'http://127.0.0.1:9/base/api/pay/status/pay_xyz789'],
  ])('with %j asks %s, following no redirect', async (settings, url) => {
    const fetch = stub(json(facts))
    await verify({ ...settings, fetch: fetch as never })
    expect(fetch.mock.calls.map(([asked, init]) => [asked, (init as RequestInit).redirect])).toEqual([[url, 'manual']])
  })

  it('asks the other documented path when the first does not know the payment', async () => {
    const fetch = stub(() => new Response('<p>', { status: 404 }), json(facts))
    await verify({ fetch: fetch as never })
    expect(fetch.mock.calls.map(([url]) => url)).toEqual([
      'https://kaspa-store.com/api/pay/status/pay_xyz789',
      'https://kaspa-store.com/pay/status/pay_xyz789',
    ])
  })

  it('asks the other path too where the first is some page', async () => {
    const page = () => new Response('<p>', { headers: { 'content-type': 'text/html' } })
    await verify({ fetch: stub(page, json(facts)) as never })
    expect((await rejection(verify({ fetch: stub(page) as never }))).code).toBe('confirmation_unavailable')
  })

  it('asks once for many deliveries at the same time', async () => {
    const fetch = stub(() => new Promise((resolve) => setTimeout(() => resolve(Response.json(facts)), 20)))
    const provider = kasperopay({ merchantId, fetch: fetch as never })
    const body = Buffer.from(JSON.stringify(claims))
    const events = await Promise.all(
      Array.from({ length: 50 }, () => provider.verify({ headers: {}, body }, defaultContext(now))),
    )
    expect(new Set(events.map((event) => event.idempotencyKey))).toEqual(new Set(['pay_xyz789']))
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  it('does not let a flood of made-up ids become a flood of questions', async () => {
    let open = 0
    let most = 0
    const fetch = stub(async () => {
      most = Math.max(most, ++open)
      await new Promise((resolve) => setTimeout(resolve, 10))
      open--
      return Response.json({}, { status: 404 })
    })
    const provider = kasperopay({ merchantId, fetch: fetch as never, statusPath: '/pay/status/' })
    const ask = async (i: number) =>
      provider.verify(
        { headers: {}, body: Buffer.from(JSON.stringify({ ...claims, payment_id: `made_up_${i}` })) },
        defaultContext(now),
      )
    const codes = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => rejection(ask(i)).then((error) => error.code)),
    )
    expect(most).toBe(32)
    expect(codes.filter((code) => code === 'confirmation_unavailable').length).toBe(968)
    const calls = fetch.mock.calls.length
    await rejection(ask(0))
    expect(fetch.mock.calls.length).toBe(calls)
  })

  it.each([
    'http://kaspa-store.com',
    'ftp://kaspa-store.com',
    'kaspa-store.com',
    'https://u:p@kaspa-store.com',
    'https://kaspa-store.com?x=1',
    '',
  ])('refuses the API URL %j at construction', (apiUrl) => {
    expect(thrown(() => kasperopay({ merchantId, apiUrl })).code).toBe('configuration_invalid')
  })
  it.each(['pay/status/', '/pay/status', '/../', '/pay/%2e/', '//evil/'])(
    'refuses the path %j at construction',
    (statusPath) => {
      expect(thrown(() => kasperopay({ merchantId, statusPath })).code).toBe('configuration_invalid')
    },
  )
})

describe('binding', () => {
  it.each([
    ['the order, in KAS', { orderId: 'ord_9', amount: '150.50' }],
    ['the order, as a number', { orderId: 'ord_9', amount: 150.5, paymentId: 'pay_xyz789' }],
    ['the order, past the noise of a double', { orderId: 'ord_9', amount: '150.500000000000014' }],
    ['the order, in a currency beside the amount', { orderId: 'ord_9', amount: '150.5', currency: 'KAS' }],
    ['the order, in a currency in small letters', { orderId: 'ord_9', amount: '150.5', currency: 'kas' }],
    ['the order, in USD beside the amount', { orderId: 'ord_9', amount: '15.05', currency: 'USD' }],
    ['the order, in USD twice', { orderId: 'ord_9', amount: { value: '15.05', currency: 'usd' }, currency: 'USD' }],
    ['the order, in USD', { orderId: 'ord_9', amount: { value: '15.05', currency: 'USD' } }],
  ])("takes the merchant's word: %s", async (_, expected) => {
    const event = await verify({ ...withFacts({}), expect: async () => expected }, { ...claims, order_id: 'forged' })
    expect(event).toMatchObject({ binding: 'bound', payment: { orderId: 'ord_9', paymentId: 'pay_xyz789' } })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['false', false],
    ['another payment', { orderId: 'ord_9', amount: '150.5', paymentId: 'pay_other' }],
    ['an order without an id', { orderId: '', amount: '150.5' }],
    ['a dearer order', { orderId: 'ord_9', amount: '1000' }],
    ['a cheaper order', { orderId: 'ord_9', amount: '150.4' }],
    ['an unknown currency', { orderId: 'ord_9', amount: { value: '150.5', currency: 'XRP' } }],
    ['an amount of KAS for an order in USD', { orderId: 'ord_9', amount: '150.5', currency: 'USD' }],
    ['an amount of USD for an order in KAS', { orderId: 'ord_9', amount: '15.05', currency: 'KAS' }],
    ['an amount in an unknown currency', { orderId: 'ord_9', amount: '150.5', currency: 'XRP' }],
    ['a currency of the prototype', { orderId: 'ord_9', amount: '150.5', currency: 'constructor' }],
    ['no currency', { orderId: 'ord_9', amount: '150.5', currency: undefined as never }],
    ['two currencies', { orderId: 'ord_9', amount: { value: '150.5', currency: 'KAS' }, currency: 'USD' }],
    ['no amount', { orderId: 'ord_9', amount: null as never }],
    ['an amount that is none', { orderId: 'ord_9', amount: 'much' }],
  ])('refuses a real payment that is not the expected one: %s', async (_, expected) => {
    expect(await rejection(verify({ ...withFacts({}), expect: () => expected }))).toMatchObject({
      code: 'payment_mismatch',
      status: 401,
    })
  })

  it('shows the merchant all of the event', async () => {
    const seen: unknown[] = []
    await verify({ ...withFacts({}), expect: (event) => seen.push(event.rawBody, event.claims, event.proof.by) > 0 })
    expect(seen).toEqual([expect.any(Uint8Array), expect.objectContaining({ order_id: 'ord_456' }), 'api'])
  })

  it('lets the merchant compare', async () => {
    const event = await verify({
      ...withFacts({}),
      expect: (event) => event.claims.order_id === 'ord_456' && event.data.amount_kas === 150.5,
    })
    expect(event).toMatchObject({ binding: 'bound', payment: { orderId: 'ord_456' } })
  })

  it("is unavailable when the merchant's look-up fails", async () => {
    const error = await rejection(verify({ ...withFacts({}), expect: () => Promise.reject(new Error('db down')) }))
    expect(error).toMatchObject({ code: 'confirmation_unavailable', status: 503 })
  })
})

describe('settings that are given but missing', () => {
  it.each(['expect', 'storeName', 'onChain'])('%s: the check would silently be off', (name) => {
    expect(thrown(() => kasperopay({ merchantId, [name]: undefined })).message).toContain(`kasperopay({ ${name} })`)
  })
})

describe('on chain', () => {
  const address = 'kaspa:qr0lzp9v5lyw2yl2k7vu0lpyd7chcrzqsxnz3p2wq0n'
  const output = (amount: unknown, to = address) => ({ amount, script_public_key_address: to })
  const onChain = (transaction: unknown, status = 200) =>
    verify({
      onChain: { address },
      fetch: (async (url: unknown) =>
        String(url).includes('/transactions/')
          ? Response.json(transaction, { status })
          : Response.json(facts)) as never,
    })

  it('takes an accepted transaction that pays the address at least the amount', async () => {
    await onChain({ is_accepted: true, outputs: [output(15_050_000_000)] })
    await onChain({
      is_accepted: true,
      outputs: [output(15_000_000_000), output('50000000'), output(1, 'kaspa:other')],
    })
  })

  it.each([
    ['not accepted', { is_accepted: false, outputs: [output(15_050_000_000)] }, 'payment_not_confirmed'],
    ['a sompi short', { is_accepted: true, outputs: [output(15_049_999_999)] }, 'payment_mismatch'],
    [
      'paid to somebody else',
      { is_accepted: true, outputs: [output(15_050_000_000, 'kaspa:other')] },
      'payment_mismatch',
    ],
    ['no outputs', { is_accepted: true, outputs: [] }, 'payment_mismatch'],
    ['nonsense', { is_accepted: 'yes' }, 'confirmation_unavailable'],
  ])('refuses: %s', async (_, transaction, code) => {
    expect((await rejection(onChain(transaction))).code).toBe(code)
  })

  it('refuses a transaction the chain does not know', async () => {
    expect((await rejection(onChain({}, 404))).code).toBe('payment_not_confirmed')
  })

  it('refuses an address that is none at construction', () => {
    expect(thrown(() => kasperopay({ merchantId, onChain: { address: 'bitcoin:x' } })).code).toBe(
      'configuration_invalid',
    )
  })
})
