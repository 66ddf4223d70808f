import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createReceiver, memoryStore } from '../src'
import type { Provider } from '../src/providers/provider'
import {
  bodyOf,
  captured,
  createProvider,
  defaultContext,
  type Fixture,
  providerNames,
  readFixtures,
} from './support/deliveries'
import { rejection, thrown } from './support/errors'

/** A provider is one file, one export and one fixture folder: this suite fails until the folder is there. */
describe('the registry', () => {
  it('has a fixture folder for each provider, and none besides', () => {
    const folders = readdirSync(new URL('./fixtures/', import.meta.url), { withFileTypes: true })
    expect(
      folders
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...providerNames].sort())
  })
})

const verifyWith = async (provider: Provider, ...given: Parameters<Provider['verify']>) => provider.verify(...given)

const verify = async (name: string, { settings, api, now, headers }: Fixture, body: Uint8Array, changed = headers) =>
  createProvider(name, settings, api).verify({ headers: changed, body }, defaultContext(now))

describe.each(providerNames)('%s', (name) => {
  const fixtures = readFixtures(name)

  it.each(fixtures)('reads: $name', async (fixture) => {
    const event = await verify(name, fixture, bodyOf(fixture))
    const { occurredAt, rawBody, data, form, ...rest } = event
    expect(JSON.parse(JSON.stringify({ ...rest, form, occurredAt }))).toMatchObject({
      provider: name,
      idempotencyKey: event.id,
      ...fixture.expected,
    })
    expect('payment' in event).toBe('payment' in fixture.expected)
    expect('occurredAt' in event).toBe('occurredAt' in fixture.expected)
    expect(rawBody).toEqual(bodyOf(fixture))
    expect(data).toBeTypeOf('object')
  })

  it('never takes a signed delivery with one bit of its body changed', async () => {
    for (const fixture of fixtures.filter(({ expected }) => expected.proof.coversBody)) {
      const provider = createProvider(name, fixture.settings)
      const body = bodyOf(fixture)
      for (let bit = 0; bit < body.length * 8; bit++) {
        const changed = Uint8Array.from(body)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const error = await rejection(
          verifyWith(provider, { headers: fixture.headers, body: changed }, defaultContext(fixture.now)),
        )
        expect([fixture.name, bit, error.status]).toEqual([fixture.name, bit, 401])
      }
    }
  })

  it('never takes a signed delivery with one bit of its signature changed', async () => {
    for (const fixture of fixtures.filter(({ expected }) => expected.proof.coversBody)) {
      const provider = createProvider(name, fixture.settings)
      const [header, signature] = fixture.headers.find(([key]) => /signature/i.test(key)) ?? ['', '']
      for (let bit = 0; bit < signature.length * 8; bit++) {
        const changed = Buffer.from(signature, 'latin1')
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const headers = fixture.headers.map(([key, value]): [string, string] => [
          key,
          key === header ? changed.toString('latin1') : value,
        ])
        const error = await rejection(
          verifyWith(provider, { headers, body: bodyOf(fixture) }, defaultContext(fixture.now)),
        )
        expect([fixture.name, bit, error.status]).toEqual([fixture.name, bit, 401])
      }
    }
  })

  it('never takes a signed delivery signed with another secret, unsigned, or with an emptied signature', async () => {
    for (const fixture of fixtures.filter(({ expected }) => expected.proof.coversBody)) {
      const body = bodyOf(fixture)
      const unsigned = fixture.headers.filter(([key]) => !/signature/i.test(key))
      const emptied = fixture.headers.map(([key, value]): [string, string] => [
        key,
        /signature/i.test(key) ? '' : value,
      ])
      const other = { ...fixture, settings: { secret: 'another-secret-0123456789' } }
      expect((await rejection(verify(name, fixture, body, unsigned))).code).toBe('signature_missing')
      expect((await rejection(verify(name, fixture, body, emptied))).code).toBe('signature_missing')
      expect((await rejection(verify(name, other, body))).code).toBe('signature_mismatch')
    }
  })

  it('refuses the literal test_signature, and says what it is', async () => {
    for (const fixture of fixtures.filter(({ expected }) => expected.proof.coversBody)) {
      const headers = fixture.headers.map(([key, value]): [string, string] => [
        key,
        /signature/i.test(key) ? 'test_signature' : value,
      ])
      const error = await rejection(verify(name, fixture, bodyOf(fixture), headers))
      expect(error.code).toBe('signature_malformed')
      expect(error.hint).toContain('test button')
    }
  })

  it('names itself in its errors', async () => {
    const [fixture] = fixtures
    if (fixture === undefined) throw new Error('no fixture')
    const { settings, api, headers } = fixture
    const receiver = createReceiver({ provider: createProvider(name, settings, api), store: memoryStore() })
    const error = await rejection(receiver.verify({ headers, body: '{' }))
    expect(error.provider).toBe(name)
    expect(error.message).toContain(`${name}: `)
  })
})

describe('the captured deliveries of the provider itself', () => {
  it.each(
    captured.deliveries.map((delivery) => ({
      ...delivery,
      type: delivery.headers.find(([key]) => key === 'X-CasPay-Event')?.[1] ?? '',
    })),
  )('verify byte for byte: $type', async ({ headers, body_base64, type }) => {
    const body = Buffer.from(body_base64, 'base64')
    const now = Date.parse('2026-11-21T20:09:10Z')
    const provider = createProvider('caspay', { secret: captured.secret })
    const event = await provider.verify({ headers, body }, defaultContext(now))
    const { data } = JSON.parse(body.toString()) as { data: { payment_id: string; amount: number } }
    expect(event).toMatchObject({ type, form: 'dispatched', id: `${type}:${data.payment_id}`, data })
    expect(event.payment).toMatchObject({
      outcome: 'succeeded',
      amount: { value: String(data.amount), currency: 'CSPR' },
    })
  })

  it('walks every bit of body and signature: none may change', async () => {
    const provider = createProvider('caspay', { secret: captured.secret })
    const context = defaultContext(Date.parse('2026-11-21T20:09:10Z'))
    let tried = 0
    for (const { headers, body_base64 } of captured.deliveries) {
      const body = Buffer.from(body_base64, 'base64')
      for (let bit = 0; bit < body.length * 8; bit++, tried++) {
        const changed = Uint8Array.from(body)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect((await rejection(verifyWith(provider, { headers, body: changed }, context))).code).toBe(
          'signature_mismatch',
        )
      }
    }
    expect(tried).toBe((381 + 407 + 422) * 8)
  })
})

describe('secrets', () => {
  const good = 'a-good-secret-0123456789'
  const bad: [string, unknown][] = [
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['blank', ' \t '],
    ['the text undefined', 'undefined'],
    ['the text null', 'null'],
    ['the text of an object', '[object Object]'],
    ['no string', 1234567890123456],
    ['an object without a value', { id: 'x' }],
    ['space before', ` ${good}`],
    ['a line break after', `${good}\n`],
    ['double quotes', `"${good}"`],
    ['single quotes', `'${good}'`],
    ['a bare prefix', 'whsec_'],
    ['one byte', 'x'],
    ['15 characters', 'abcdefghijklmno'],
    ['an empty list', []],
    ['a list with a bad one', [good, '']],
    [
      'two of one id',
      [
        { id: 'a', value: good },
        { id: 'a', value: `${good}2` },
      ],
    ],
    ['a notAfter that is none', { id: 'a', value: good, notAfter: 'tomorrow' }],
    ['a mode that is none', { id: 'a', value: good, mode: 'prod' }],
  ]
  const settings: [string, string][] = [
    ['caspay', 'secret'],
    ['payqi', 'secret'],
    ['payvost', 'secret'],
    ['mugglepay', 'token'],
    ['mugglepay', 'orderTokenSecret'],
  ]
  for (const [provider, setting] of settings) {
    it.each(bad)(`${provider}({ ${setting} }) throws at construction: %s`, (_, secret) => {
      const error = thrown(() => createProvider(provider, { [setting]: secret }))
      expect(error).toMatchObject({ code: 'configuration_invalid', provider })
      expect(error.message).toContain(`${provider}({ ${setting} })`)
      const text = `${error.message} ${error.stack} ${JSON.stringify(error)}`
      expect(text).not.toContain(good)
      expect(text).not.toContain('abcdefghijklmno')
    })
  }
  it('takes 16 characters', () => {
    expect(() => createProvider('caspay', { secret: 'abcdefghijklmnop' })).not.toThrow()
  })
  it.each([undefined, '', ' ', 'a b', 7])('kasperopay({ merchantId: %j }) throws at construction', (merchantId) => {
    expect(thrown(() => createProvider('kasperopay', { merchantId })).message).toContain('kasperopay({ merchantId })')
  })
})
