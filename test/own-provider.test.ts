import { describe, expect, it } from 'vitest'
import * as zod from 'zod'
import * as mini from 'zod/mini'
import {
  bodySignature,
  createReceiver,
  createSigningKeys,
  defineForm,
  defineProvider,
  eventType,
  memoryStore,
  type Report,
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

function createAcme(schema: (typeof schemas)[keyof typeof schemas]) {
  const acme = defineProvider({
    name: 'acme',
    scheme: bodySignature({ headers: ['x-acme-signature'], keys: createSigningKeys('acme({ secret })', secret) }),
    forms: {
      v1: defineForm({
        matches: () => true,
        open: (payload) => ({ wireType: String(payload['kind']), data: payload['data'] }),
        events: { 'invoice.paid': eventType(schema) },
      }),
    },
    timeProof: 'signed',
    acknowledgement: { contentType: 'text/plain', body: 'ok' },
    retryHorizonSeconds: 0,
  })
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
