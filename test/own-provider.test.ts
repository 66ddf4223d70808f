import { describe, expect, it } from 'vitest'
import * as zod from 'zod'
import * as mini from 'zod/mini'
import {
  bodySignature,
  bodyToken,
  type Catalogue,
  createReceiver,
  createSigningKeys,
  defineForm,
  defineProvider,
  eventType,
  explain,
  type Form,
  memoryStore,
  type Report,
  WebhookError,
} from '../src'
import { hexHmac } from './support/deliveries'
import { rejection, thrown } from './support/errors'

const secret = 'whsec_0123456789abcdef0123456789abcdef'

const schemas = {
  zod: zod.object({
    invoice: zod.string(),
    buyer: zod.object({ name: zod.string() }).nullish(),
    items: zod.array(zod.object({ sku: zod.string() })).optional(),
  }),
  'zod/mini': mini.object({
    invoice: mini.string(),
    buyer: mini.nullish(mini.object({ name: mini.string() })),
    items: mini.optional(mini.array(mini.object({ sku: mini.string() }))),
  }),
}

function acmeOf(schema: zod.core.$ZodType<object, object>, form: Partial<Form<Catalogue, undefined>> = {}) {
  return {
    name: 'acme',
    forms: {
      v1: defineForm({
        matches: () => true,
        open: (payload) => ({ wireType: String(payload['kind']), data: payload['data'] }),
        events: { 'invoice.paid': eventType(schema) },
        ...form,
      }),
    },
    timeProof: 'signed',
    acknowledgement: { contentType: 'text/plain', body: 'ok' },
    retryHorizonSeconds: 0,
  } as const
}

function createAcme(
  schema: zod.core.$ZodType<object, object>,
  form: Partial<Form<Catalogue, undefined>> = {},
  more: object = {},
  header = 'x-acme-signature',
) {
  const scheme = bodySignature({ headers: [header], keys: createSigningKeys('acme({ secret })', secret) })
  const acme = defineProvider({ ...acmeOf(schema, form), scheme, ...more })
  const reports: Report[] = []
  const observe = (report: Report) => void reports.push(report)
  const receiver = createReceiver({ provider: acme, store: memoryStore(), observe })
  return {
    verify(data: object) {
      const body = JSON.stringify({ kind: 'invoice.paid', data })
      return receiver.verify({ headers: { 'x-acme-signature': hexHmac(secret, body) }, body })
    },
    drifts: () => reports.flatMap((report) => (report.type === 'drift' ? [[report.kind, report.path]] : [])),
  }
}

describe('schemas of other kinds', () => {
  const recursive = {
    zod: zod.object({
      v: zod.string(),
      get kids() {
        return recursive.zod.array().optional()
      },
    }),
  } as { zod: zod.ZodObject }
  const node = mini.object({
    v: mini.string(),
    get kids() {
      return mini.optional(mini.array(node))
    },
  }) as mini.ZodMiniObject

  it.each([
    ['zod', recursive.zod],
    ['zod/mini', node],
  ])('one of %s may hold itself', async (_, schema) => {
    const { verify, drifts } = createAcme(schema)
    const data = { v: 'a', kids: [{ v: 'b', kids: [{ v: 'c', w: 1 }] }] }
    expect((await verify(data)).data).toEqual(data)
    expect(drifts()).toEqual([['unknown_field', 'kids[].kids[].w']])
  })

  it.each([
    ['loose', zod.looseObject({ a: zod.string() })],
    ['with a catchall', zod.object({ a: zod.string() }).catchall(zod.number())],
  ])('one that is %s knows all fields', async (_, schema) => {
    const { verify, drifts } = createAcme(schema)
    await verify({ a: 'x', b: 7 })
    expect(drifts()).toEqual([])
  })

  it('one that does not fit says nothing of what keys are made of', async () => {
    const { verify, drifts } = createAcme(zod.object({ metadata: zod.record(zod.string(), zod.string()) }))
    const { hint } = await rejection(verify({ metadata: { 'card 4111 1111 1111 1111\n': 7 } }))
    expect(hint).toContain('`data.metadata.…`')
    expect(drifts()).toEqual([['misfit', 'metadata.…']])
  })

  it('one of another zod is refused at once', () => {
    expect(thrown(() => eventType({ parse: () => ({}) } as never)).hint).toContain('zod 4')
  })
})

describe('what a definition gives', () => {
  it('a time that cannot be read is no reason to take an event for ever', async () => {
    const { verify } = createAcme(schemas.zod, {
      open: () => ({ wireType: 'x', timeMs: Date.parse('soon'), data: {} }),
    })
    expect((await rejection(verify({}))).code).toBe('timestamp_malformed')
  })

  it('its methods are called on it', async () => {
    class Definition {
      account = 'mine'
      check(payload: { readonly [key: string]: unknown }) {
        if (payload['data'] === this.account) throw new WebhookError('account_mismatch', 'x')
      }
    }
    const { check } = Definition.prototype
    const { verify } = createAcme(schemas.zod, {}, { account: 'mine', check } as object)
    expect((await verify({ invoice: 'i' })).type).toBe('invoice.paid')
  })

  it('its retries are known to who explains', async () => {
    const day = 86_400
    const old = { open: () => ({ wireType: 'x', timeMs: Date.now() - 5 * day * 1000, data: {} }) }
    const scheme = bodySignature({ headers: ['x-acme-signature'], keys: createSigningKeys('acme({ secret })', secret) })
    const provider = defineProvider({ ...acmeOf(schemas.zod, old), scheme, retryHorizonSeconds: 7 * day })
    const delivery = { headers: { 'x-acme-signature': hexHmac(secret, '{}') }, body: '{}' }
    expect((await explain(delivery, { provider })).cause).toBe('verified')
    expect((await explain(delivery, { provider, maxEventAgeSeconds: 3 * day })).cause).not.toBe('verified')
  })

  it('its headers may be written in any case', async () => {
    const { verify } = createAcme(schemas.zod, {}, {}, 'X-Acme-Signature')
    expect((await verify({ invoice: 'i' })).type).toBe('invoice.paid')
  })

  it('a token in the body bounds the body', () => {
    const scheme = bodyToken({ fields: ['token'], expected: () => [] })
    expect(defineProvider({ ...acmeOf(schemas.zod), scheme }).maxBodyBytes).toBe(65_536)
    expect(defineProvider({ ...acmeOf(schemas.zod), scheme, maxBodyBytes: 1000 }).maxBodyBytes).toBe(1000)
    expect(defineProvider({ ...acmeOf(schemas.zod), scheme, maxBodyBytes: 1e6 }).maxBodyBytes).toBe(65_536)
  })
})

describe('a definition that lacks something', () => {
  const definition = {
    name: 'acme',
    scheme: bodySignature({ headers: ['x-acme-signature'], keys: createSigningKeys('acme({ secret })', secret) }),
    forms: { v1: defineForm({ matches: () => true, open: () => ({ wireType: 'x', data: {} }), events: {} }) },
    timeProof: 'signed',
    acknowledgement: { contentType: 'text/plain', body: 'ok' },
    retryHorizonSeconds: 0,
  } as const
  it.each([
    ['scheme', undefined],
    ['forms', {}],
    ['timeProof', 'bogus'],
    ['acknowledgement', { body: 'ok' }],
    ['retryHorizonSeconds', Number.NaN],
    ['name', 'Acme & Sons'],
  ])('%s: is refused, and says so', (name, wrong) => {
    const { code, hint } = thrown(() => defineProvider({ ...definition, [name]: wrong } as never))
    expect([code, hint.split(' ')[0]]).toEqual(['configuration_invalid', name])
    defineProvider(definition)
  })
})

describe.each(Object.entries(schemas))('a provider of one’s own, its schemas written with %s', (_, schema) => {
  it('types what fits, as it was sent', async () => {
    const { verify, drifts } = createAcme(schema)
    const data = { invoice: 'i_1', buyer: null, items: [{ sku: 's' }] }
    expect(await verify(data)).toMatchObject({ provider: 'acme', type: 'invoice.paid', data })
    expect(drifts()).toEqual([])
  })

  it('tells of fields that the schema does not know, wherever they are', async () => {
    const { verify, drifts } = createAcme(schema)
    await verify({ invoice: 'i_1', buyer: { name: 'n', vat: 1 }, items: [{ sku: 's', tax: 2 }], note: '' })
    expect(drifts()).toEqual([
      ['unknown_field', 'buyer.vat'],
      ['unknown_field', 'items[].tax'],
      ['unknown_field', 'note'],
    ])
  })

  it('refuses what does not fit, and names the place', async () => {
    const { verify, drifts } = createAcme(schema)
    const { code, hint } = await rejection(verify({ invoice: 'i_1', buyer: { name: 7 } }))
    expect([code, hint]).toEqual(['payload_invalid', expect.stringContaining('`data.buyer.name`')])
    expect(drifts()).toEqual([['misfit', 'buyer.name']])
  })
})
