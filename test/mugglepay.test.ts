import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type MugglepaySettings, merchantToken, mugglepay } from '../src'
import { defaultContext } from './support/deliveries'
import { rejection, thrown } from './support/errors'

const token = 'merchant-token-0123456789'
const order = {
  order_id: '94be2b2a-2905-4857-b701-b04e57e84593',
  merchant_order_id: 'order_12345',
  status: 'PAID',
  price_amount: '29.99',
  price_currency: 'USD',
}

const verify = async (settings: MugglepaySettings, payload: unknown) =>
  mugglepay(settings).verify(
    { headers: {}, body: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)) },
    defaultContext(1_790_000_000_000),
  )

describe('a fixed token', () => {
  it('passes under either name, and under both', async () => {
    for (const fields of [{ token }, { merchant_token: token }, { token, merchant_token: token }]) {
      expect(await verify({ token }, { ...order, ...fields })).toMatchObject({
        type: 'PAID',
        payment: { outcome: 'succeeded' },
      })
    }
  })

  it.each([
    ['none', {}, 'token_missing'],
    ['null', { token: null }, 'token_missing'],
    ['empty', { token: '' }, 'token_missing'],
    ['a number', { token: 7 }, 'token_missing'],
    ['a list', { token: [token] }, 'token_missing'],
    ['true', { token: true }, 'token_missing'],
    ['wrong', { token: 'wrong-token-0123456789' }, 'token_mismatch'],
    ['a prefix', { token: token.slice(0, -1) }, 'token_mismatch'],
    ['longer', { token: `${token} ` }, 'token_mismatch'],
    ['right and wrong', { token, merchant_token: 'wrong-token-0123456789' }, 'token_mismatch'],
    ['wrong and right', { token: 'wrong-token-0123456789', merchant_token: token }, 'token_mismatch'],
    ['right and empty', { token, merchant_token: '' }, 'token_missing'],
  ])('is refused when it is %s', async (_, fields, code) => {
    expect(await rejection(verify({ token }, { ...order, ...fields }))).toMatchObject({ code, status: 401 })
  })

  it.each(['', 'hello', '[]', '{"a":', `{"token":"${token}","token":"${token}"}`, '['.repeat(10_000)])(
    'a body that cannot be read proves nothing: %.20s',
    async (body) => {
      expect(await rejection(verify({ token }, body))).toMatchObject({ code: 'token_missing', status: 401 })
    },
  )

  it('rotates', async () => {
    const settings: MugglepaySettings = {
      token: [
        { id: 'new', value: token },
        { id: 'old', value: 'old-token-0123456789', notAfter: '2027-01-01T00:00:00Z' },
      ],
    }
    expect((await verify(settings, { ...order, token: 'old-token-0123456789' })).proof.secretId).toBe('old')
    const over: MugglepaySettings = {
      token: [token, { id: 'old', value: 'old-token-0123456789', notAfter: '2026-01-01T00:00:00Z' }],
    }
    expect((await rejection(verify(over, { ...order, token: 'old-token-0123456789' }))).code).toBe('token_mismatch')
  })

  it('stays out of an event that is logged', async () => {
    const event = await verify({ token }, { ...order, token, merchant_token: token })
    expect(JSON.stringify(event) + inspect(event, { depth: 9 })).not.toContain(token)
  })
})

describe('a token per order', () => {
  const orderTokenSecret = 'order-token-secret-0123456789'

  it('opens its own order and no other', async () => {
    const own = merchantToken(orderTokenSecret, 'order_12345')
    expect(own).toMatch(/^[0-9a-f]{64}$/)
    await verify({ orderTokenSecret }, { ...order, token: own })
    const other = { ...order, merchant_order_id: 'order_12346', token: own }
    expect((await rejection(verify({ orderTokenSecret }, other))).code).toBe('token_mismatch')
    const none = { order_id: order.order_id, status: 'PAID', token: own }
    expect((await rejection(verify({ orderTokenSecret }, none))).code).toBe('token_mismatch')
  })

  it('cannot use up the key of another order', async () => {
    const own = { ...order, merchant_order_id: 'mine', token: merchantToken(orderTokenSecret, 'mine') }
    const theirs = { ...order, token: merchantToken(orderTokenSecret, 'order_12345') }
    const keys = [await verify({ orderTokenSecret }, own), await verify({ orderTokenSecret }, theirs)].map(
      (event) => event.idempotencyKey,
    )
    expect(keys[0]).not.toBe(keys[1])
  })

  it('rotates', async () => {
    const both = { orderTokenSecret: ['new-order-secret-0123456789', orderTokenSecret] }
    const event = await verify(both, { ...order, token: merchantToken(orderTokenSecret, 'order_12345') })
    expect(event.proof.secretId).toBe('secret-2')
  })

  it('is not made from a bad secret or for no order', () => {
    expect(thrown(() => merchantToken('', 'o')).code).toBe('configuration_invalid')
    expect(thrown(() => merchantToken(orderTokenSecret, '')).code).toBe('configuration_invalid')
  })
})

describe("a look-up of the merchant's own", () => {
  it('is asked for the order, and may be asynchronous or give several', async () => {
    const asked: string[] = []
    const tokenFor = async (id: string) => {
      asked.push(id)
      return ['another-token-0123456789', token]
    }
    await verify({ tokenFor }, { ...order, token })
    expect(asked).toEqual(['order_12345'])
  })

  it.each([undefined, null, []])('refuses an order it does not know (%j)', async (nothing) => {
    expect((await rejection(verify({ tokenFor: () => nothing }, { ...order, token }))).code).toBe('token_mismatch')
  })

  it('is unavailable, not open, when it fails or gives a token that is none', async () => {
    const failing = () => {
      throw new Error('db down')
    }
    expect(await rejection(verify({ tokenFor: failing }, { ...order, token }))).toMatchObject({
      code: 'secret_unavailable',
      status: 503,
    })
    expect((await rejection(verify({ tokenFor: () => '' }, { ...order, token: 'x' }))).code).toBe('secret_unavailable')
  })
})

describe('an order id nobody has proven', () => {
  it.each(['x'.repeat(257), 'a\u0000b', '\ud800', '', null])(
    '%.10j never reaches the look-up',
    async (merchant_order_id) => {
      const tokenFor = () => {
        throw new Error('asked')
      }
      expect((await rejection(verify({ tokenFor }, { ...order, merchant_order_id, token }))).code).toBe(
        'token_mismatch',
      )
    },
  )
})

describe('settings', () => {
  it.each([
    {},
    { token, orderTokenSecret: token },
    { token, tokenFor: () => token },
    { tokenFor: 'x' },
    { token, apiKey: '' },
    { token, apiKey: undefined },
    { token, apiKey: 'api-key-0123456789\nx' },
    { token: 'merchant-token-0123456789\u200b' },
    { token, apiKey: 'k'.repeat(20), apiUrl: 'http://api.mugglepay.com' },
  ])('refuses %j', (settings) => {
    expect(thrown(() => mugglepay(settings as unknown as MugglepaySettings)).code).toBe('configuration_invalid')
  })
})

describe('statuses', () => {
  it.each([
    ['NEW', 'pending'],
    ['PENDING', 'pending'],
    ['PAID', 'succeeded'],
    ['UNRESOLVED', 'review'],
    ['RESOLVED', 'review'],
    ['EXPIRED', 'expired'],
    ['CANCELED', 'canceled'],
    ['REFUND_PENDING', 'review'],
    ['REFUNDED', 'refunded'],
  ])('%s is %s', async (status, outcome) => {
    const event = await verify({ token }, { ...order, status, token })
    expect(event).toMatchObject({ type: status, id: `${order.order_id}:${status}`, payment: { outcome } })
  })

  it('only PAID means: fulfil', async () => {
    expect(await verify({ token }, { ...order, status: 'PAYED', token })).toMatchObject({
      type: 'unknown',
      wireType: 'PAYED',
    })
    expect(await verify({ token }, { ...order, status: 'paid', token })).toMatchObject({ type: 'unknown' })
  })
})

describe('confirmation by API', () => {
  const apiKey = 'api-key-0123456789'
  const asked: { url: string; key: string | null }[] = []
  const answering = (body: unknown, status = 200) =>
    (async (url, init) => {
      asked.push({ url: String(url), key: new Headers(init?.headers).get('token') })
      return Response.json(body, { status })
    }) as typeof fetch
  const confirm = (answer: unknown, payload: object = order, status?: number) =>
    verify({ token, apiKey, fetch: answering(answer, status) }, { ...payload, token })

  it('asks for the order with the key, and proves by API', async () => {
    const event = await confirm({ status: 200, order: { ...order, price_amount: 29.99 }, invoice: {} })
    expect(event.proof).toEqual({ by: 'api', coversBody: false, timestamp: 'none', secretId: 'secret-1' })
    expect(asked.at(-1)).toEqual({ url: `https://api.mugglepay.com/v1/orders/${order.order_id}`, key: apiKey })
  })

  it.each([
    ['status', { status: 'NEW' }],
    ['order', { order_id: 'other' }],
    ['merchant order', { merchant_order_id: 'other' }],
    ['amount', { price_amount: '29.98' }],
    ['currency', { price_currency: 'IDR' }],
  ])('refuses a body that the API contradicts: %s', async (_, difference) => {
    expect(await rejection(confirm({ order: { ...order, ...difference } }))).toMatchObject({
      code: 'payment_mismatch',
      status: 401,
    })
  })

  it('fails closed', async () => {
    expect(await rejection(confirm({}, order, 404))).toMatchObject({ code: 'payment_not_confirmed', status: 401 })
    expect(await rejection(confirm({}, order, 500))).toMatchObject({ code: 'confirmation_unavailable', status: 503 })
    expect(await rejection(confirm({ order: { status: 'PAID' } }))).toMatchObject({
      code: 'confirmation_unavailable',
      status: 503,
    })
  })

  it.each(['USD', 'VND', 'usd', undefined])('does not let the body choose the currency: %s', async (currency) => {
    const { price_currency: _, ...unpriced } = order
    for (const answer of [unpriced, { ...unpriced, price_currency: null }])
      expect(await rejection(confirm({ order: answer }, { ...order, price_currency: currency }))).toMatchObject({
        code: 'confirmation_unavailable',
        status: 503,
      })
  })

  it('asks nothing for a wrong token or an id that is no path segment', async () => {
    const before = asked.length
    await rejection(verify({ token, apiKey, fetch: answering({}) }, { ...order, token: 'wrong-token-0123456789' }))
    await rejection(confirm({}, { ...order, order_id: '../../admin' }))
    expect(asked.length).toBe(before)
  })
})
