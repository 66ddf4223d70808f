import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineForm, defineProvider, eventType, payqi } from '../src'
import type { JsonObject } from '../src/core/json'
import type { Scheme } from '../src/schemes/scheme'
import { hexHmac } from './support/deliveries'
import { thrown } from './support/errors'

const secret = 'whsec_0123456789abcdef0123456789abcdef'
const nowMs = 1_700_000_000_000
const context = { nowMs, toleranceSeconds: 300, maxEventAgeSeconds: 3600 }
const items = [{ sku: 'TEA-1', price: 12.5, notes: ['"quoted"', 'é'], more: 'x'.repeat(512) }]
const data = { id: 'pay_1', amount: '5', currency: 'KAS', status: 'completed', metadata: { orderId: 'o_1', items } }
const text = JSON.stringify({ id: 'evt_1', type: 'payment.completed', created: nowMs / 1000, data })

function verify(body = Buffer.from(text)) {
  const headers = { 'x-payqi-signature': hexHmac(secret, body), 'x-payqi-timestamp': String(nowMs / 1000) }
  return payqi({ secret }).verify({ headers, body }, context)
}

describe('data that lies deeper than its schema looks', () => {
  it('is there when it is asked for, and looks as if it always were', async () => {
    const event = await verify()
    expect(event.data).toEqual(data)
    expect(event.data).toBe(event.data)
    expect(event.payment?.orderId).toBe('o_1')
    expect(JSON.parse(JSON.stringify(event)).data).toEqual(data)
    expect({ ...event }.data).toEqual(data)
    expect(structuredClone({ ...event }).data).toEqual(data)
    expect(Object.keys(event)).toContain('data')
    expect(new Proxy(event, {}).data).toEqual(data)
    expect(Object.freeze(await verify()).data).toEqual(data)
    expect(inspect(await verify(), { depth: 9 })).toContain("sku: 'TEA-1'")
    expect(inspect(await verify())).not.toMatch(/Getter|Later/)
  })

  it('is of the bytes that were proven, whatever was done to them since', async () => {
    const body = Buffer.from(text)
    const event = await verify(body)
    body.fill(0x20)
    expect(event.data).toEqual(data)
  })

  it('loses no digit of a number, and no exponent', async () => {
    const long = text.replace('"price":12.5', '"price":12345678901234567890.5,"tiny":1e-400')
    const { metadata } = (await verify(Buffer.from(long))).data as typeof data
    expect(metadata.items[0]).toMatchObject({ price: '12345678901234567890.5', tiny: '1e-400' })
  })

  it('can be changed as any other', async () => {
    const event: { data: unknown } = await verify()
    event.data = 1
    expect(event.data).toBe(1)
    const { data: changed } = await verify()
    Object.assign(changed as object, { status: 'mine' })
    expect(changed).toEqual({ ...data, status: 'mine' })
  })
})

const trusting: Scheme = { headers: [], prove: () => ({ proof: { by: 'token', coversBody: false }, facts: undefined }) }

/** A provider that looks at two levels. */
function shallow(dataOf: (payload: JsonObject) => unknown, levels = 2) {
  return defineProvider({
    name: 'private',
    scheme: trusting,
    levels,
    forms: {
      only: defineForm({
        matches: () => true,
        open: (payload) => ({ wireType: 'paid', id: 'evt_1', data: dataOf(payload) }),
        events: { paid: eventType(z.unknown()) },
      }),
    },
    timeProof: 'signed',
    acknowledgement: { contentType: 'text/plain', body: 'OK' },
    retryHorizonSeconds: 0,
  })
}

describe('levels of a private provider', () => {
  const long = 'x'.repeat(512)
  const payload = { order: { id: 'o_1', lines: [{ sku: long }], few: [1] }, list: [[long], [2]], name: 'x' }
  const read = async (dataOf: (payload: JsonObject) => unknown) =>
    (await shallow(dataOf).verify({ headers: {}, body: Buffer.from(JSON.stringify(payload)) }, context)).data

  it.each<[string, (payload: JsonObject) => unknown, unknown]>([
    ['the payload', (given) => given, payload],
    ['a member of it', (given) => given['order'], payload.order],
    ['a list in it', (given) => given['list'], payload.list],
    ['a text in it', (given) => given['name'], 'x'],
    ['an object made of it', ({ order, list }) => ({ order, list }), { order: payload.order, list: payload.list }],
  ])('hand over all of the data where that is %s', async (_, dataOf, expected) => {
    expect(await read(dataOf)).toEqual(expected)
  })

  it.each([0, 1.5, Number.NaN, -1])('may not be %s', (levels) => {
    expect(thrown(() => shallow((given) => given, levels)).message).toContain('levels')
  })

  it('show no more than that to the form', async () => {
    let seen: unknown
    await read((given) => {
      seen ??= given
      return given
    })
    expect(seen).toEqual({ order: { id: 'o_1', lines: {}, few: [1] }, list: [{}, [2]], name: 'x' })
  })
})
