import { parseEpoch, parseIsoTime } from '../core/freshness'
import { readHeader } from '../core/headers'
import { isJsonObject, type JsonObject } from '../core/json'
import { shiftDecimal } from '../core/money'
import { once } from '../core/once'
import * as z from '../core/schema'
import type { SecretInput } from '../core/secrets'
import { WebhookError } from '../errors'
import type { Amount, Payment, PaymentOutcome } from '../event'
import {
  amount,
  assertGiven,
  exactAmount,
  metadata,
  optionalText,
  orderIdIn,
  paymentOf,
  requireText,
} from '../forms/fields'
import { defineForm, eventType } from '../forms/form'
import { bodySignature } from '../schemes/body-signature'
import type { Delivery } from '../schemes/scheme'
import { createSigningKeys } from '../schemes/signing-keys'
import { defineProvider, type EventOf } from './provider'

export interface CaspaySettings {
  /** The webhook's signing secret; a list, newest first, while rotating. */
  secret: SecretInput
  /** Your merchant id: a delivery that names another merchant is then refused. */
  merchantId?: string
}

/**
 * CasPay: the lower-case hex HMAC-SHA256 of the raw body in `X-CasPay-Signature`.
 * Its sender tries once, gives up after 10 s and never comes back.
 */
export function caspay(settings: CaspaySettings) {
  assertGiven('caspay', settings, ['merchantId'])
  const keys = createSigningKeys('caspay({ secret })', settings.secret)
  return defineProvider({
    name: 'caspay',
    scheme: bodySignature({ headers: ['x-caspay-signature'], keys }),
    headers: ['x-caspay-event', 'x-caspay-timestamp'],
    forms: { dispatched, typed, documented },
    check: (payload) => assertAccount(settings.merchantId, payload),
    timeProof: 'signed',
    acknowledgement: { contentType: 'text/plain; charset=utf-8', body: 'OK' },
    retryHorizonSeconds: 0,
  })
}

export type CaspayEvent = EventOf<ReturnType<typeof caspay>>

const dispatchedPayment = eventType(
  () =>
    z.object({
      payment_id: z.string(),
      product_id: z.nullish(z.string()),
      transaction_hash: z.string(),
      payer: z.nullish(z.string()),
      amount,
      currency: z.string(),
    }),
  (data) => recorded(data, data.payer),
)
const dispatchedSubscription = eventType(
  () =>
    z.object({
      subscription_id: z.string(),
      plan_id: z.nullish(z.string()),
      payment_id: z.string(),
      transaction_hash: z.string(),
      subscriber: z.nullish(z.string()),
      amount,
      currency: z.string(),
    }),
  (data) => recorded(data, data.subscriber),
)

interface Recorded {
  payment_id: string
  transaction_hash: string
  amount: string | number
  currency: string
}

function recorded(data: Recorded, payer: string | null | undefined): Payment {
  return paymentOf({
    outcome: 'succeeded',
    paymentId: data.payment_id,
    amount: exactAmount(data.amount, data.currency),
    transactionHash: data.transaction_hash,
    payer: payer ?? undefined,
  })
}

/** What the service sends today: `{ event, data, timestamp, merchant_id }`, amounts in whole CSPR, no id. */
const dispatched = defineForm({
  matches: (payload) => typeof payload['event'] === 'string',
  open(payload, delivery) {
    const wireType = requireText(payload, 'event')
    const timeMs = parseIsoTime(payload['timestamp'])
    assertHeaderAgrees(delivery, 'x-caspay-event', wireType)
    assertHeaderAgrees(delivery, 'x-caspay-timestamp', String(payload['timestamp']))
    const paymentId = optionalText(payload['data'], 'payment_id')
    const id = paymentId === undefined ? undefined : `${wireType}:${paymentId}`
    return { wireType, timeMs, id, data: payload['data'] }
  },
  events: {
    'payment.received': dispatchedPayment,
    'subscription.created': dispatchedSubscription,
    'subscription.renewed': dispatchedSubscription,
  },
})

/** The headers are not signed: one that contradicts the body shows that somebody changed it. */
function assertHeaderAgrees(delivery: Delivery, name: string, signed: string): void {
  const value = readHeader(delivery.headers, name)
  if (value === undefined || value === signed) return
  throw new WebhookError('header_mismatch', `The unsigned \`${name}\` header contradicts the signed body.`)
}

function assertAccount(merchantId: string | undefined, payload: JsonObject): void {
  if (merchantId === undefined || !Object.hasOwn(payload, 'merchant_id') || payload['merchant_id'] === merchantId)
    return
  throw new WebhookError('account_mismatch', 'The signed `merchant_id` is not the configured `merchantId`.')
}

function documentedPayment(outcome: PaymentOutcome) {
  const payment = () => z.object({ id: z.string(), amount, currency: z.string(), status: z.string(), metadata })
  return eventType(
    () => z.object({ payment: payment() }),
    ({ payment }) =>
      paymentOf({
        outcome,
        paymentId: payment.id,
        orderId: orderIdIn(payment.metadata),
        amount: inMotes(payment.amount, payment.currency),
      }),
  )
}

/** An object whose fields the provider has not published. */
const anyObject = once(() => z.record(z.string(), z.unknown()))

const documentedSubscription = eventType(anyObject)

/** What the guide shows: `{ id, type, created, data: { payment } }`, amounts in motes. */
const documented = defineForm({
  matches: (payload) => typeof payload['type'] === 'string',
  open: openEnvelope,
  events: {
    'payment.completed': documentedPayment('succeeded'),
    'payment.failed': documentedPayment('failed'),
    'payment.pending': documentedPayment('pending'),
    'subscription.created': documentedSubscription,
    'subscription.updated': documentedSubscription,
    'subscription.canceled': documentedSubscription,
    'subscription.payment_succeeded': documentedSubscription,
    'subscription.payment_failed': documentedSubscription,
  },
})

/** 1 CSPR is 10^9 motes; the unit of other currencies is not documented. */
function inMotes(value: string | number, currency: string): Amount | undefined {
  const { value: motes, currency: code } = exactAmount(value, currency)
  const whole = code === 'CSPR' ? shiftDecimal(motes, -9) : undefined
  return whole === undefined ? undefined : { value: whole, currency: code }
}

const typedObject = once(() => z.object({ object: anyObject() }))
const typedOther = eventType(typedObject)

function typedPayment(outcome: PaymentOutcome) {
  return eventType(typedObject, ({ object }) => {
    const paymentId = optionalText(object, 'payment_id') ?? optionalText(object, 'id')
    if (paymentId === undefined) return undefined
    return paymentOf({
      outcome,
      paymentId,
      orderId: orderIdIn(object['metadata']),
      transactionHash: optionalText(object, 'transaction_hash'),
    })
  })
}

/** What the service's own types declare: `{ id, type, created, data: { object } }`; nothing says what the object holds. */
const typed = defineForm({
  matches: (payload) =>
    typeof payload['type'] === 'string' && isJsonObject(payload['data']) && Object.hasOwn(payload['data'], 'object'),
  open: openEnvelope,
  events: {
    // Seen on chain, not confirmed yet.
    'payment.received': typedPayment('pending'),
    'payment.confirmed': typedPayment('succeeded'),
    'payment.failed': typedPayment('failed'),
    'subscription.created': typedOther,
    'subscription.renewed': typedOther,
    'subscription.cancelled': typedOther,
    'subscription.expired': typedOther,
    'invoice.created': typedOther,
    'invoice.paid': typedOther,
    'payout.initiated': typedOther,
    'payout.completed': typedOther,
    'payout.failed': typedOther,
    'contract.deployed': typedOther,
    'contract.error': typedOther,
  },
})

function openEnvelope(payload: JsonObject, delivery: Delivery) {
  const wireType = requireText(payload, 'type')
  assertHeaderAgrees(delivery, 'x-caspay-event', wireType)
  return {
    wireType,
    id: optionalText(payload, 'id'),
    timeMs: parseEpoch(payload['created'], 'seconds'),
    data: payload['data'],
  }
}
