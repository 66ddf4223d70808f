import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { payqi } from '../src'
import { hexHmac } from './support/deliveries'

const secret = 'whsec_0123456789abcdef0123456789abcdef'
const nowMs = 1_700_000_000_000
const context = { nowMs, toleranceSeconds: 300, maxEventAgeSeconds: 3600 }
const items = [{ sku: 'TEA-1', price: 12.5, notes: ['"quoted"', 'é'], more: 'x'.repeat(1024) }]
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
    expect(Object.freeze(await verify()).data).toEqual(data)
  })

  it('is shown as any other', async () => {
    expect(inspect(await verify(), { depth: 9 })).toMatch(/^ProvenEvent \{.*sku: 'TEA-1'/s)
    expect(inspect({ in: [await verify()] }, { depth: 9 })).toContain("sku: 'TEA-1'")
    expect(inspect(await verify())).not.toMatch(/Getter|Later/)
    const read = await verify()
    expect(read.data).toEqual(data)
    expect(inspect(read, { customInspect: false, depth: 9 })).toContain("sku: 'TEA-1'")
    const cycle = Object.assign(await verify(), { self: {} })
    cycle.self = cycle
    expect(inspect(cycle, { depth: null }).length).toBeLessThan(5000)
  })

  it('is there for whoever looks through something else', async () => {
    const deep = <T extends object>(object: T): T =>
      new Proxy(object, {
        get(target, name, receiver) {
          const value: unknown = Reflect.get(target, name, receiver)
          return typeof value === 'object' && value !== null ? deep(value) : value
        },
      })
    expect(deep(await verify()).data).toMatchObject({ id: 'pay_1' })
    const named = new Proxy(await verify(), {
      get: (target, name) => (name === 'data' ? Reflect.get(target, name) : 0),
    })
    expect(named.data).toEqual(data)
    expect(Reflect.get(await verify(), 'data', {})).toEqual(data)
    const event = await verify()
    const copy: { data?: unknown } = Object.create(null, Object.getOwnPropertyDescriptors(event))
    const heir: { data: unknown } = Object.create(event)
    heir.data = 'mine'
    expect([copy.data, heir.data, event.data]).toEqual([data, 'mine', data])
    expect(JSON.stringify(heir)).toBe('{"data":"mine"}')
  })

  it('stands where it always stood', async () => {
    const short = text.replace(/x{9,}/, '')
    expect(Object.keys(await verify())).toEqual(Object.keys(await verify(Buffer.from(short))))
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
