import { describe, expect, it } from 'vitest'
import { caspay, payqi, payvost } from '../src'
import type { Provider } from '../src/providers/provider'
import { defaultContext, hexHmac, type Pairs } from './support/deliveries'
import { rejection } from './support/errors'

const secret = 'whsec_0123456789abcdef'
const now = 1_790_000_000_000
const seconds = now / 1000

const verify = async (provider: Provider, body: string | Uint8Array, headers: Pairs, at = now) =>
  provider.verify({ headers, body: Buffer.from(body as string) }, defaultContext(at))

/** A provider that signs bodies, with the headers its sender sends. */
const senders: Record<
  string,
  { provider: Provider; sign(body: string | Uint8Array): Pairs; wrap(metadata: string, amount?: string): string }
> = {
  caspay: {
    provider: caspay({ secret }),
    sign: (body) => [['X-CasPay-Signature', hexHmac(secret, body)]],
    wrap: (metadata, amount = '1000000000') =>
      `{"id":"evt_1","type":"payment.completed","created":${seconds},"data":{"payment":{"id":"p","amount":${amount},"currency":"CSPR","status":"completed","metadata":${metadata}}}}`,
  },
  payqi: {
    provider: payqi({ secret }),
    sign: (body) => [
      ['X-PayQI-Signature', hexHmac(secret, body)],
      ['X-PayQI-Timestamp', String(seconds)],
    ],
    wrap: (metadata, amount = '1') =>
      `{"id":"evt_1","type":"payment.completed","created":${seconds},"data":{"id":"p","amount":${amount},"currency":"XRP","status":"completed","metadata":${metadata}}}`,
  },
  payvost: {
    provider: payvost({ secret }),
    sign: (body) => [['Payvost-Signature', hexHmac(secret, body)]],
    wrap: (metadata, amount = '100') =>
      `{"id":"evt_1","type":"payment.succeeded","created":${seconds},"data":{"object":{"id":"p","amount":${amount},"currency":"usd","status":"succeeded","metadata":${metadata}}}}`,
  },
  'payvost with t=': {
    provider: payvost({ secret }),
    sign: (body) => [['X-Payvost-Signature', `t=${seconds},v1=${hexHmac(secret, `${seconds}.`, body)}`]],
    wrap: (metadata, amount = '"1.00"') =>
      `{"id":"evt_1","type":"payment.succeeded","createdAt":"${new Date(now).toISOString()}","data":{"id":"p","amount":${amount},"currency":"usd","status":"succeeded","metadata":${metadata}}}`,
  },
}

describe.each(Object.entries(senders))('%s', (name, { provider, sign, wrap }) => {
  const body = wrap('{}')
  const [[header, signature]] = sign(body) as [[string, string]]
  const rest = sign(body).slice(1)
  const hex = signature.slice(-64)

  it.each([
    ['1.0', '{"n":1.0}'],
    ['1e2', '{"n":1e2}'],
    ['an escaped slash', '{"url":"https:\\/\\/x"}'],
    ['an escaped é', '{"name":"caf\\u00e9"}'],
    ['a plain é and an emoji', '{"name":"café 🎉"}'],
    ['spaces and line breaks', '{ "a" :\r\n\t1 }'],
    ['2^53+1', '{"n":9007199254740993}'],
    ['$$ and $&', '{"name":"$$ $& $1"}'],
    ['a lone surrogate', '{"name":"\\ud800"}'],
    ['NUL', '{"name":"\\u0000"}'],
    ['keys in an order of their own', '{"b":1,"a":2,"10":3,"9":4}'],
  ])('verifies a genuine body that does not survive JSON.stringify: %s', async (_, metadata) => {
    const genuine = wrap(metadata)
    const event = await verify(provider, genuine, sign(genuine))
    expect(event.payment).toMatchObject({ outcome: 'succeeded', paymentId: 'p', amount: { value: '1' } })
    expect(Buffer.from(event.rawBody).toString()).toBe(genuine)
    const rewritten = JSON.stringify(JSON.parse(genuine))
    if (rewritten !== genuine)
      expect((await rejection(verify(provider, rewritten, sign(genuine)))).code).toBe('signature_mismatch')
  })

  it('keeps an amount that a double would round', async () => {
    const genuine = wrap('{}', '9007199254740993')
    const { payment } = await verify(provider, genuine, sign(genuine))
    const digits =
      { caspay: '9007199.254740993', payqi: '9007199254740993', payvost: '90071992547409.93' }[name] ??
      '9007199254740993'
    expect(payment?.amount?.value).toBe(digits)
  })

  it.each([
    ['upper case', hex.toUpperCase()],
    ['sha256=', `sha256=${hex}`],
    ['0x', `0x${hex}`],
    ['cut short', hex.slice(0, 32)],
    ['one digit more', `${hex}0`],
    ['junk behind', `${hex.slice(0, 62)}zz`],
    ['white space', ` ${hex}`],
    ['base64', Buffer.from(hex, 'hex').toString('base64')],
    ['64 × é', 'é'.repeat(64)],
    ['two, right and wrong', `${signature}, ${'0'.repeat(64)}`],
    ['two, wrong and right', `${'0'.repeat(64)}, ${signature}`],
    ['two right ones', `${signature}, ${signature}`],
    ['very long', 'a'.repeat(2000)],
    ['NUL', '\0'.repeat(64)],
    ['a lone surrogate', '\ud800'.repeat(64)],
  ])('refuses a signature written as: %s', async (_, value) => {
    expect(await rejection(verify(provider, body, [[header, value], ...rest]))).toMatchObject({
      status: 401,
      code: 'signature_malformed',
    })
  })

  it('refuses a well-formed signature of another body', async () => {
    expect((await rejection(verify(provider, body, sign(`${body} `)))).code).toBe('signature_mismatch')
  })

  it('refuses the empty key', async () => {
    const forged = signature.replace(hex, hexHmac('', name.includes('t=') ? `${seconds}.` : '', body))
    expect((await rejection(verify(provider, body, [[header, forged], ...rest]))).code).toBe('signature_mismatch')
  })

  it('refuses bytes that only look like what was signed', async () => {
    const signed = wrap('{"name":"\ufffd"}')
    const lossy = Buffer.from(signed.replace('\ufffd', '#')).map((byte) => (byte === 0x23 ? 0xff : byte))
    expect((await rejection(verify(provider, lossy, sign(signed)))).code).toBe('signature_mismatch')
    expect((await rejection(verify(provider, `\ufeff${body}`, sign(body)))).code).toBe('signature_mismatch')
    expect(await rejection(verify(provider, lossy, sign(lossy)))).toMatchObject({
      code: 'payload_malformed',
      status: 400,
    })
  })

  it.each([
    ['no JSON', 'hello', 'payload_malformed', 400],
    ['an array', '[]', 'payload_malformed', 400],
    ['a key given twice', '{"type":"a","type":"b"}', 'payload_malformed', 400],
  ])('answers for signed bodies that are %s', async (_, signed, code, status) => {
    expect(await rejection(verify(provider, signed, sign(signed)))).toMatchObject({ code, status })
  })

  it('answers 422 for a known type with broken data, naming the place and not the value', async () => {
    const broken = body.replace(/"amount":[^,]+/, '"amount":{"secret":42}')
    const error = await rejection(verify(provider, broken, sign(broken)))
    expect(error).toMatchObject({ code: 'payload_invalid', status: 422 })
    expect(error.hint).toMatch(/data\.(payment\.|object\.)?amount/)
    expect(error.message).not.toContain('42')
  })

  it.each(['-1', '"1,5"', '""', '"NaN"', '1e400'])('answers 422 for the amount %s', async (amount) => {
    const broken = wrap('{}', amount)
    expect(await rejection(verify(provider, broken, sign(broken)))).toMatchObject({
      code: 'payload_invalid',
      status: 422,
    })
  })

  it.each(['a b', 'é', 'x'.repeat(257), 'a\nb', 'a\u0000b', '\ud800'])('refuses the id %j', async (id) => {
    const odd = body.replace('"evt_1"', JSON.stringify(id))
    expect(await rejection(verify(provider, odd, sign(odd)))).toMatchObject({ code: 'id_invalid', status: 400 })
  })

  it('takes an event of the third day and refuses one of the fourth', async () => {
    const days = (n: number) => now + n * 86_400_000
    const headersAt = (at: number): Pairs =>
      sign(body).map(([key, value]) => {
        if (key === 'X-PayQI-Timestamp') return [key, String(at / 1000)]
        if (value.startsWith('t=')) return [key, `t=${at / 1000},v1=${hexHmac(secret, `${at / 1000}.`, body)}`]
        return [key, value]
      })
    await verify(provider, body, headersAt(days(2)), days(2))
    expect(await rejection(verify(provider, body, headersAt(days(4)), days(4)))).toMatchObject({
      code: 'timestamp_too_old',
      status: 401,
    })
    expect(await rejection(verify(provider, body, headersAt(days(-1)), days(-1)))).toMatchObject({
      code: 'timestamp_in_future',
      status: 401,
    })
  })

  it('hands over a type that does not exist yet', async () => {
    const novel = body.replace(/payment\.(completed|succeeded)/, 'payment.teleported')
    expect(await verify(provider, novel, sign(novel))).toMatchObject({
      type: 'unknown',
      wireType: 'payment.teleported',
      id: 'evt_1',
    })
    const inherited = body.replace(/payment\.(completed|succeeded)/, 'constructor')
    expect(await verify(provider, inherited, sign(inherited))).toMatchObject({
      type: 'unknown',
      wireType: 'constructor',
    })
  })

  it("takes PHP's empty object for metadata, and a type no key could be made of", async () => {
    const php = wrap('[]')
    expect((await verify(provider, php, sign(php))).payment?.outcome).toBe('succeeded')
    const odd = body.replace(/payment\.(completed|succeeded)/, 'payment vollständig')
    expect(await verify(provider, odd, sign(odd))).toMatchObject({ type: 'unknown', wireType: 'payment vollständig' })
    const hostile = body.replace(/payment\.(completed|succeeded)/, 'a\\r\\nb')
    expect((await rejection(verify(provider, hostile, sign(hostile)))).code).toBe('id_invalid')
  })

  it('lets unknown fields pass', async () => {
    const more = wrap('{"x":1}').replace('"status"', '"novelty":{"a":[1]},"status"')
    expect(JSON.stringify((await verify(provider, more, sign(more))).data)).toContain('novelty')
  })
})

describe('rotation', () => {
  const old = 'old-secret-0123456789'
  const { wrap } = senders['caspay'] as (typeof senders)[string]
  const body = wrap('{}')
  const signedWith = (key: string): Pairs => [['X-CasPay-Signature', hexHmac(key, body)]]

  it('takes both secrets and tells which it was', async () => {
    const provider = caspay({
      secret: [
        { id: 'new', value: secret },
        { id: 'old', value: old, notAfter: new Date(now) },
      ],
    })
    expect((await verify(provider, body, signedWith(secret))).proof.secretId).toBe('new')
    expect((await verify(provider, body, signedWith(old))).proof.secretId).toBe('old')
  })

  it('refuses the old one after its date', async () => {
    const provider = caspay({ secret: [secret, { id: 'old', value: old, notAfter: '2026-09-21T14:13:19Z' }] })
    expect((await rejection(verify(provider, body, signedWith(old)))).code).toBe('signature_mismatch')
  })
})

describe('payvost, test and live', () => {
  const body = `{"id":"evt_1","type":"payment.succeeded","createdAt":"${new Date(now).toISOString()}","liveMode":false,"data":{"id":"p","amount":"1","currency":"USD","status":"succeeded"}}`
  const headers: Pairs = [['Payvost-Signature', hexHmac(secret, body)]]
  it('tells the mode, and refuses one that is not the secret’s', async () => {
    expect(await verify(payvost({ secret }), body, headers)).toMatchObject({ liveMode: false })
    const test = await verify(payvost({ secret: { id: 'a', value: secret, mode: 'test' } }), body, headers)
    expect(test.proof).toMatchObject({ secretId: 'a', mode: 'test' })
    const live = payvost({ secret: { id: 'a', value: secret, mode: 'live' } })
    expect(await rejection(verify(live, body, headers))).toMatchObject({ code: 'mode_mismatch', status: 401 })
  })
  it('names no amount where a minor unit has a fraction', async () => {
    const odd = `{"id":"evt_1","type":"payment.succeeded","created":${seconds},"data":{"object":{"id":"p","amount":"50.00","currency":"usd","status":"ok"}}}`
    expect((await verify(payvost({ secret }), odd, [['Payvost-Signature', hexHmac(secret, odd)]])).payment).toEqual({
      outcome: 'succeeded',
      paymentId: 'p',
    })
  })
})

describe('caspay', () => {
  const provider = caspay({ secret, merchantId: 'mrc_1' })
  const dispatched = (timestamp = new Date(now).toISOString(), merchant = 'mrc_1') =>
    `{"event":"payment.received","data":{"payment_id":"p1","product_id":"x","transaction_hash":"h","payer":"me","amount":1.5,"currency":"CSPR"},"timestamp":"${timestamp}","merchant_id":"${merchant}"}`
  const sign = (body: string, ...more: Pairs): Pairs => [['X-CasPay-Signature', hexHmac(secret, body)], ...more]

  it('gives every delivery of one dispatched event one key', async () => {
    const first = dispatched()
    const later = dispatched(new Date(now + 1000).toISOString())
    const keys = [await verify(provider, first, sign(first)), await verify(provider, later, sign(later))].map(
      (event) => event.idempotencyKey,
    )
    expect(keys).toEqual(['payment.received:p1', 'payment.received:p1'])
  })

  it('refuses unsigned headers that contradict the signed body', async () => {
    const body = dispatched()
    for (const header of [
      ['X-CasPay-Event', 'payment.failed'],
      ['X-CasPay-Timestamp', new Date(now + 60_000).toISOString()],
    ] as Pairs) {
      expect(await rejection(verify(provider, body, sign(body, header)))).toMatchObject({
        code: 'header_mismatch',
        status: 401,
      })
    }
  })

  it('does not let a fresh header refresh an old body', async () => {
    const old = dispatched(new Date(now - 10 * 86_400_000).toISOString())
    expect(
      (await rejection(verify(provider, old, sign(old, ['X-CasPay-Timestamp', new Date(now).toISOString()])))).status,
    ).toBe(401)
  })

  it("refuses another merchant's delivery", async () => {
    const body = dispatched(undefined, 'mrc_2')
    expect(await rejection(verify(provider, body, sign(body)))).toMatchObject({ code: 'account_mismatch', status: 401 })
  })
})

describe('payqi', () => {
  const provider = payqi({ secret })
  const { wrap } = senders['payqi'] as (typeof senders)[string]
  const body = wrap('{}')
  const at = (timestamp: string): Pairs => [
    ['X-PayQI-Signature', hexHmac(secret, body)],
    ['X-PayQI-Timestamp', timestamp],
  ]

  it('holds the header to 300 s both ways', async () => {
    await verify(provider, body, at(String(seconds - 300)))
    await verify(provider, body, at(String(seconds + 300)))
    expect((await rejection(verify(provider, body, at(String(seconds - 301))))).code).toBe('timestamp_too_old')
    expect((await rejection(verify(provider, body, at(String(seconds + 301))))).code).toBe('timestamp_in_future')
    expect((await rejection(verify(provider, body, at(String(now))))).code).toBe('timestamp_malformed')
  })

  it('misses the header', async () => {
    expect((await rejection(verify(provider, body, at('').slice(0, 1)))).code).toBe('timestamp_missing')
  })

  it('does not let a fresh header refresh an old body', async () => {
    const later = now + 8 * 86_400_000
    expect((await rejection(verify(provider, body, at(String(later / 1000)), later))).code).toBe('timestamp_too_old')
  })

  it('wants the signed id and time', async () => {
    const noId = body.replace('"id":"evt_1",', '')
    const noTime = body.replace(/"created":\d+,/, '')
    const sign = (text: string): Pairs => [
      ['X-PayQI-Signature', hexHmac(secret, text)],
      ['X-PayQI-Timestamp', String(seconds)],
    ]
    expect((await rejection(verify(provider, noId, sign(noId)))).code).toBe('payload_invalid')
    expect((await rejection(verify(provider, noTime, sign(noTime)))).code).toBe('timestamp_missing')
  })
})

it('what a body is overwritten with later changes no other delivery', async () => {
  const provider = payqi({ secret })
  const shared = Buffer.alloc(1024)
  const deliver = (metadata: string) => {
    const body = senders['payqi']?.wrap(metadata) ?? ''
    const length = shared.write(body)
    const headers: Pairs = senders['payqi']?.sign(body) ?? []
    return provider.verify({ headers, body: shared.subarray(0, length) }, defaultContext(now))
  }
  const first = await deliver('{"order_id":"1"}')
  const { data, payment } = await deliver('{"cust_ref":"2"}')
  expect(data).toMatchObject({ metadata: { cust_ref: '2' } })
  expect(payment).not.toHaveProperty('orderId')
  expect(first.data).toMatchObject({ metadata: { order_id: '1' } })
})

describe('payvost, t= and v1=', () => {
  const provider = payvost({ secret })
  const { wrap } = senders['payvost'] as (typeof senders)[string]
  const body = wrap('{}')
  const v1 = hexHmac(secret, `${seconds}.`, body)
  const zeros = '0'.repeat(64)
  const header = (value: string): Pairs => [['Payvost-Signature', value]]

  it('takes one right signature of several, in any place', async () => {
    await verify(provider, body, header(`t=${seconds},v1=${zeros},v1=${v1}`))
    await verify(provider, body, header(`v0=${zeros},v1=${v1},t=${seconds}`))
  })

  it.each([
    ['no t', `v1=${v1}`, 'timestamp_missing'],
    ['two t', `t=${seconds},t=${seconds},v1=${v1}`, 'signature_malformed'],
    ['no v1', `t=${seconds}`, 'signature_malformed'],
    ['an empty v1', `t=${seconds},v1=`, 'signature_malformed'],
    ['only v0', `t=${seconds},v0=${v1}`, 'signature_malformed'],
    ['sha1=', `t=${seconds},sha1=${v1}`, 'signature_malformed'],
    ['junk beside the right one', `t=${seconds},v1=${v1},v1=${'Z'.repeat(64)}`, 'signature_malformed'],
    ['junk before the right one', `t=${seconds},v1=${'Z'.repeat(64)},v1=${v1}`, 'signature_malformed'],
    ['a trailing comma', `t=${seconds},v1=${v1},`, 'signature_malformed'],
    ['junk behind t', `t=${seconds}junk,v1=${v1}`, 'timestamp_malformed'],
    ['t in ms', `t=${now},v1=${hexHmac(secret, `${now}.`, body)}`, 'timestamp_malformed'],
    ['nine signatures', `t=${seconds}${`,v1=${v1}`.repeat(9)}`, 'signature_malformed'],
    ['a thousand', `t=${seconds}${`,v1=${v1}`.repeat(1000)}`, 'signature_malformed'],
    ['the plain signature', `t=${seconds},v1=${hexHmac(secret, body)}`, 'signature_mismatch'],
    ['a refreshed t', `t=${seconds + 1},v1=${v1}`, 'signature_mismatch'],
  ])('refuses: %s', async (_, value, code) => {
    expect(await rejection(verify(provider, body, header(value)))).toMatchObject({ code, status: 401 })
  })

  it('holds t to 300 s both ways, signed or not', async () => {
    const signedAt = (t: number) => header(`t=${t},v1=${hexHmac(secret, `${t}.`, body)}`)
    await verify(provider, body, signedAt(seconds - 300))
    await verify(provider, body, signedAt(seconds + 300))
    expect((await rejection(verify(provider, body, signedAt(seconds - 301)))).code).toBe('timestamp_too_old')
    expect((await rejection(verify(provider, body, signedAt(seconds + 301)))).code).toBe('timestamp_in_future')
  })

  it('refuses a delivery with two signatures under the two names', async () => {
    const both = (other: string): Pairs => [
      ['Payvost-Signature', hexHmac(secret, body)],
      ['X-Payvost-Signature', other],
    ]
    await verify(provider, body, both(hexHmac(secret, body)))
    expect((await rejection(verify(provider, body, both(zeros)))).code).toBe('signature_malformed')
  })
})
