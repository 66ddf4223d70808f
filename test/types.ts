/** Read by the compiler alone: each wrong line must be an error, or `npm run check` fails. */

import {
  bodySignature,
  caspay,
  createReceiver,
  createSigningKeys,
  defineForm,
  defineProvider,
  type EventOf,
  eventType,
  expectPayment,
  kasperopay,
  memoryStore,
  mugglepay,
  payqi,
  payvost,
} from 'payproof'
import { expressWebhook } from 'payproof/express'
import { fetchWebhook } from 'payproof/fetch'
import { mysqlStore } from 'payproof/stores/mysql'
import { postgresStore } from 'payproof/stores/postgres'
import { sqliteStore } from 'payproof/stores/sqlite'
import { signDelivery } from 'payproof/testing'
import * as z from 'zod'

const store = memoryStore()
const text = (_: string) => {}
const secret = process.env['SECRET']

const ofCaspay = createReceiver({ provider: caspay({ secret }), store })
expressWebhook(ofCaspay, (event, { req, res, signal }) => {
  text(req.method)
  res.locals['x'] = signal.aborted
  switch (event.type) {
    case 'payment.completed':
      text(event.data.payment.id)
      text(event.form satisfies 'documented')
      // @ts-expect-error the documented form is not flat
      text(event.data.payment_id)
      break
    case 'payment.received':
      // @ts-expect-error two forms have this type: look at `form` first
      text(event.data.payment_id)
      if (event.form === 'dispatched') text(event.data.transaction_hash)
      else text(event.form satisfies 'typed')
      break
    case 'subscription.cancelled':
      text(event.form satisfies 'typed')
      break
    case 'unknown':
      text(event.wireType)
      // @ts-expect-error nothing is known of its data
      event.data.payment
      break
    // @ts-expect-error no such type
    case 'payment.complete':
      break
  }
  if (event.payment?.outcome === 'succeeded') text(event.payment.paymentId)
  // @ts-expect-error no such outcome
  if (event.payment?.outcome === 'paid') return
  // @ts-expect-error an amount is text, never a number
  event.payment?.amount?.value satisfies number | undefined
})

createReceiver({
  provider: payqi({ secret: ['new', { id: 'old', value: secret, notAfter: new Date() }] }),
  store,
}).receive({ headers: {}, body: '' }, (event) => {
  if (event.type === 'payment.expired') text(event.data.currency)
  // @ts-expect-error no such type
  if (event.type === 'payment.succeeded') return
})

createReceiver({ provider: payvost({ secret }), store }).receive({ headers: {}, body: '' }, (event) => {
  switch (event.type) {
    case 'user.kyc_rejected':
      text(event.data.userId)
      break
    case 'refund.created':
      text(event.data.object.payment)
      break
    case 'payment.succeeded':
      if (event.form === 'main') text(event.data.object.id)
      else text(event.data.id)
      break
    // @ts-expect-error no such type
    case 'refund.succeeded':
      break
  }
})

createReceiver({ provider: mugglepay({ token: secret }), store }).receive({ headers: {}, body: '' }, (event) => {
  if (event.type === 'PAID') text(event.data.order_id)
  // @ts-expect-error the token is not handed on
  text(event.type === 'PAID' ? event.data.token : '')
  // @ts-expect-error no such status
  if (event.type === 'paid') return
})
// @ts-expect-error one way to know the token, not two
mugglepay({ token: 'x', orderTokenSecret: 'y' })

createReceiver({
  provider: kasperopay({ merchantId: secret, expect: (event) => event.data.txid === 'x' }),
  store,
}).receive({ headers: {}, body: '' }, (event) => {
  if (event.type !== 'payment.completed') return
  text(event.data.confirmed_at)
  text(event.binding satisfies 'bound' | 'unbound')
  event.claims.order_id satisfies string | null | undefined
  // @ts-expect-error the API says nothing of the order
  text(event.data.order_id)
  // @ts-expect-error what the sender only says is no data
  text(event.data.transaction_id)
})

const acme = defineProvider({
  name: 'acme',
  scheme: bodySignature({ headers: ['x-acme-signature'], keys: createSigningKeys('acme.secret', secret) }),
  forms: {
    v1: defineForm({
      matches: () => true,
      open: (payload) => ({ wireType: String(payload['kind']), data: payload['data'] }),
      events: { 'invoice.paid': eventType(z.object({ invoice: z.string() })) },
    }),
  },
  timeProof: 'signed',
  acknowledgement: { contentType: 'text/plain', body: 'ok' },
  retryHorizonSeconds: 0,
})
export function ofAcme(event: EventOf<typeof acme>) {
  if (event.type === 'invoice.paid') text(event.data.invoice)
  // @ts-expect-error no such type
  if (event.type === 'invoice.sent') return
}

// @ts-expect-error a store is required
createReceiver({ provider: acme })

declare const pool: import('pg').Pool
declare const sql: import('postgres').Sql
declare const mysqlPool: import('mysql2/promise').Pool
declare const database: import('libsql').Database
const inTransaction = { transaction: true } as const

const inPg = createReceiver({ provider: payqi({ secret }), store: postgresStore(pool, inTransaction) })
inPg.receive({ headers: {}, body: '' }, async (event, { tx }) => {
  const { rows } = await tx.query<{ id: string }>('SELECT id FROM orders WHERE id = $1', [event.id])
  text(rows[0]?.id ?? '')
  // @ts-expect-error a client of the pool has no such method
  tx.insert()
})
expressWebhook(inPg, async (_, { tx, req }) => void (await tx.query(req.path)))
fetchWebhook(inPg, async (_, { tx, request }) => void (await tx.query(request.url)))

createReceiver({ provider: payqi({ secret }), store: postgresStore(sql, inTransaction) }).receive(
  { headers: {}, body: '' },
  async (_, { tx }) => tx`SELECT 1`,
)
createReceiver({ provider: payqi({ secret }), store: mysqlStore(mysqlPool, inTransaction) }).receive(
  { headers: {}, body: '' },
  async (_, { tx }) => tx.execute('SELECT 1'),
)
createReceiver({ provider: payqi({ secret }), store: sqliteStore(database, inTransaction) }).receive(
  { headers: {}, body: '' },
  (_, { tx }) => tx.prepare('SELECT 1').run(),
)

const outside = createReceiver({ provider: payqi({ secret }), store: postgresStore(pool) })
outside.receive({ headers: {}, body: '' }, async (_, { tx }) => {
  text(typeof (tx satisfies undefined))
  // @ts-expect-error the store was not asked for transactions
  await tx.query('SELECT 1')
})
// @ts-expect-error a function that runs one statement has no transactions
postgresStore(async () => [], inTransaction)

signDelivery('caspay', 'payment.completed', { secret: 's', data: { payment: { metadata: 1, amount: '1' } } })
signDelivery('caspay', 'payment.received', { secret: 's', form: 'dispatched', data: { payment_id: 'p' } })
signDelivery('caspay', { event: 'payment.teleported' }, { secret: 's', at: new Date(), merchantId: 'm' })
signDelivery('payvost', 'payment.succeeded', { secret: ['new', 'old'], signature: 'timestamped' })
signDelivery('mugglepay', 'PAID', { orderTokenSecret: 's', data: { meta: { network: 'x' } } })
signDelivery('kasperopay', undefined, { merchantId: 'm', data: { amount_kas: '1' } })
// @ts-expect-error no such provider
signDelivery('paypal', undefined, { secret: 's' })
// @ts-expect-error no such event
signDelivery('caspay', 'payment.complete', { secret: 's' })
// @ts-expect-error not in that form
signDelivery('caspay', 'payment.completed', { secret: 's', form: 'dispatched' })
// @ts-expect-error no such field in that form
signDelivery('caspay', 'payment.received', { secret: 's', form: 'dispatched', data: { paymentId: 'p' } })
// @ts-expect-error it is signed
signDelivery('payqi', 'payment.created', {})
// @ts-expect-error it is named by its merchant
signDelivery('kasperopay', undefined, { secret: 's' })

ofCaspay.receive({ headers: {}, body: '' }, (event) => {
  expectPayment(event, { orderId: 'o_1', amount: '1', currency: 'CSPR', paymentId: null })
  expectPayment(event, { paymentId: 'p_1', amount: '1', currency: 'CSPR', provider: 'caspay' })
  // @ts-expect-error nothing says which order it is
  expectPayment(event, { amount: '1', currency: 'CSPR' })
  // @ts-expect-error an id that may be missing is none
  expectPayment(event, { orderId: null, paymentId: event.payment?.orderId, amount: '1', currency: 'CSPR' })
  // @ts-expect-error a number has been rounded already
  expectPayment(event, { orderId: 'o_1', amount: 1, currency: 'CSPR' })
})
kasperopay({ merchantId: secret, expect: () => ({ orderId: 'o_1', amount: '1', currency: 'USD' }) })
// @ts-expect-error a currency is a text
kasperopay({ merchantId: secret, expect: () => ({ orderId: 'o_1', amount: '1', currency: 7 }) })
mugglepay({ tokenFor: () => ({ id: 'live', value: secret, mode: 'live', notAfter: '2027-01-01T00:00:00Z' }) })
