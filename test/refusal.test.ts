import { describe, expect, it } from 'vitest'
import {
  bodySignature,
  caspay,
  createReceiver,
  createSigningKeys,
  defineForm,
  defineProvider,
  memoryStore,
  payqi,
  payvost,
  timestampedSignature,
} from '../src'
import { judgeOf, Refusal, throwing } from '../src/core/refusal'
import { hexHmac } from './support/deliveries'
import { rejection, thrown } from './support/errors'

const secret = 'whsec_0123456789abcdef0123456789abcdef'
const nowMs = 1_790_000_000_000
const seconds = String(nowMs / 1000)
const context = { nowMs, toleranceSeconds: 300, maxEventAgeSeconds: 3600 }
const body = Buffer.from(JSON.stringify({ id: 'evt_1', type: 'payment.completed', created: nowMs / 1000, data: {} }))
const forged = hexHmac('whsec_of_somebody_else_0123456789', body)

const forgeries = {
  payqi: { provider: payqi({ secret }), headers: { 'x-payqi-signature': forged, 'x-payqi-timestamp': seconds } },
  caspay: { provider: caspay({ secret }), headers: { 'x-caspay-signature': forged } },
  payvost: { provider: payvost({ secret }), headers: { 'payvost-signature': forged } },
  'payvost t=': { provider: payvost({ secret }), headers: { 'payvost-signature': `t=${seconds},v1=${forged}` } },
}

describe('a refusal is a value between receiver and scheme, and for nobody else', () => {
  it.each(Object.entries(forgeries))('%s: verify of the provider throws', (_, { provider, headers }) => {
    expect(thrown(() => provider.verify({ headers, body }, context)).code).toBe('signature_mismatch')
  })

  it('prove of a scheme throws what is forged and what is stale', () => {
    const keys = createSigningKeys('payqi({ secret })', secret)
    const delivery = (headers: Record<string, string>) => ({ headers, body, payload: () => ({}) })
    const plain = bodySignature({ headers: ['x-signature'], keys, unsignedTimestampHeader: 'x-time' })
    const timed = timestampedSignature({ headers: ['x-signature'], keys })
    const proving = (scheme: typeof plain, headers: Record<string, string>) =>
      thrown(() => scheme.prove(delivery(headers), context)).code
    expect(proving(plain, { 'x-signature': forged, 'x-time': seconds })).toBe('signature_mismatch')
    expect(proving(plain, { 'x-signature': forged, 'x-time': '1789999000' })).toBe('timestamp_too_old')
    expect(proving(timed, { 'x-signature': `t=${seconds},v1=${forged}` })).toBe('signature_mismatch')
    expect(proving(timed, { 'x-signature': `t=1790001000,v1=${forged}` })).toBe('timestamp_in_future')
  })

  it('a verify that somebody put in the place of the provider’s own is the one that is asked', async () => {
    const { provider, headers } = forgeries.payqi
    const asked: string[] = []
    const wrapped = {
      ...provider,
      verify: async (...given: Parameters<typeof provider.verify>) => {
        asked.push('mine')
        const event = await provider.verify(...given)
        asked.push('taken')
        return event
      },
    }
    const receiver = createReceiver({ provider: wrapped, store: memoryStore(), observe: () => {}, now: () => nowMs })
    expect((await rejection(receiver.verify({ headers, body }))).code).toBe('signature_mismatch')
    const changed = { ...provider }
    const later = createReceiver({ provider: changed, store: memoryStore(), observe: () => {}, now: () => nowMs })
    changed.verify = wrapped.verify
    expect((await later.receive({ headers, body }, () => asked.push('handled'))).kind).toBe('rejected')
    expect(asked).toEqual(['mine', 'mine'])
  })

  it('a scheme is asked as it is when a delivery comes', async () => {
    const keys = (of: string) => createSigningKeys('mine', of)
    const headers = ['x-signature']
    let live = keys(secret)
    const scheme = {
      headers,
      get prove() {
        return bodySignature({ headers, keys: live }).prove
      },
    }
    const forms = {
      only: defineForm({ matches: () => true, open: () => ({ wireType: 'paid', data: {} }), events: {} }),
    }
    const acknowledgement = { contentType: 'text/plain', body: 'OK' }
    const rest = { forms, acknowledgement, timeProof: 'signed', retryHorizonSeconds: 0 } as const
    const provider = defineProvider({ name: 'mine', scheme, ...rest })
    const delivery = { headers: { 'x-signature': hexHmac(secret, body) }, body }
    expect(await provider.verify(delivery, context)).toMatchObject({ wireType: 'paid' })
    live = keys('whsec_that_came_after_the_leak_0123')
    expect(thrown(() => provider.verify(delivery, context)).code).toBe('signature_mismatch')
  })

  it('a time header that has no name is missing, and not left out', () => {
    const keys = createSigningKeys('mine', secret)
    const scheme = bodySignature({ headers: ['x-signature'], keys, unsignedTimestampHeader: '' })
    const headers = { 'x-signature': hexHmac(secret, body) }
    expect(thrown(() => scheme.prove({ headers, body, payload: () => ({}) }, context)).code).toBe('timestamp_missing')
  })

  it('names the provider, and says the same as when it is thrown', async () => {
    const { provider, headers } = forgeries.payqi
    const receiver = createReceiver({ provider, store: memoryStore(), observe: () => {}, now: () => nowMs })
    const given = await rejection(receiver.verify({ headers, body }))
    const said = thrown(() => provider.verify({ headers, body }, context))
    expect(given.provider).toBe('payqi')
    expect([given.code, given.status, given.hint]).toEqual([said.code, said.status, said.hint])
  })
})

describe('throwing', () => {
  const refuse = (yes: boolean) => (yes ? new Refusal('signature_mismatch', 'No.') : 'proven')

  it('throws at once or later what is refused, and gives everything else', async () => {
    expect(throwing(refuse)(false)).toBe('proven')
    expect(thrown(() => throwing(refuse)(true)).hint).toBe('No.')
    const slow = throwing(async (yes: boolean) => refuse(yes))
    expect(await slow(false)).toBe('proven')
    expect((await rejection(Promise.resolve(slow(true)))).hint).toBe('No.')
  })

  it('knows its own judge, and no other', () => {
    expect(judgeOf(throwing(refuse))(true)).toBeInstanceOf(Refusal)
    expect(thrown(() => judgeOf(throwing(refuse).bind(undefined))(true)).code).toBe('signature_mismatch')
  })
})
