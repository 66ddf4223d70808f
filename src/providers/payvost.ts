import { parseEpoch, parseIsoTime } from '../core/freshness'
import { isJsonObject, type JsonObject } from '../core/json'
import { minorUnitDigits } from '../core/minor-units'
import { shiftDecimal } from '../core/money'
import { throwing } from '../core/refusal'
import * as z from '../core/schema'
import type { SecretInput } from '../core/secrets'
import type { Amount, PaymentOutcome } from '../event'
import { amount, exactAmount, metadata, optionalText, orderIdIn, paymentOf, requireText } from '../forms/fields'
import { defineForm, type Envelope, eventType } from '../forms/form'
import type { Scheme } from '../schemes/scheme'
import { assertSignatureLength, createSigningKeys, proveSignature, readSignatureHeader } from '../schemes/signing-keys'
import { proveTimestamped } from '../schemes/timestamped-signature'
import { defineProvider, type EventOf } from './provider'

export interface PayvostSettings {
  /** The endpoint's signing secret, whole (`whsec_…`); a list, newest first, while rotating. */
  secret: SecretInput
}

/**
 * Payvost: the hex HMAC-SHA256 of the raw body in `Payvost-Signature` or `X-Payvost-Signature`, plain or as
 * `t=<unix seconds>,v1=<hex>`.
 */
export function payvost(settings: PayvostSettings) {
  return defineProvider({
    name: 'payvost',
    scheme: plainOrTimestamped(settings.secret),
    forms: { plugin, main, second },
    timeProof: 'signed',
    modeOf: ({ liveMode }) => (typeof liveMode === 'boolean' ? (liveMode ? 'live' : 'test') : undefined),
    extend: (_, { liveMode }): PayvostExtras => (typeof liveMode === 'boolean' ? { liveMode } : {}),
    acknowledgement: { contentType: 'application/json; charset=utf-8', body: '{"received":true}' },
    // 5 min + 15 min + 1 h + 3 h + 6 h + 12 h, each after the one before.
    retryHorizonSeconds: 80_400,
  })
}

export interface PayvostExtras {
  /** Whether real money moved, where the delivery says so. */
  readonly liveMode?: boolean
}

export type PayvostEvent = EventOf<ReturnType<typeof payvost>>

function plainOrTimestamped(secret: SecretInput): Scheme {
  const headers = ['payvost-signature', 'x-payvost-signature']
  const keys = createSigningKeys('payvost({ secret })', secret)
  return {
    headers,
    prove: throwing((delivery, context) => {
      const header = readSignatureHeader(delivery, headers)
      if (header.includes('=')) return proveTimestamped(header, keys, delivery, context)
      assertSignatureLength(header)
      return proveSignature(keys, context.nowMs, [delivery.body], [header])
    }),
    clues: () => ({ proof: 'signature', headers, keys, signs: ['body', 'timestamp.body'] }),
  }
}

function openEnvelope(payload: JsonObject): Envelope {
  const timeMs = Object.hasOwn(payload, 'createdAt')
    ? parseIsoTime(payload['createdAt'])
    : parseEpoch(payload['created'], 'seconds or milliseconds')
  return { wireType: requireText(payload, 'type'), id: optionalText(payload, 'id'), timeMs, data: payload['data'] }
}

function mainPayment(outcome: PaymentOutcome) {
  const object = () =>
    z.object({
      id: z.string(),
      amount,
      currency: z.string(),
      status: z.string(),
      customer: z.optional(z.unknown()),
      metadata,
    })
  return eventType(
    () => z.object({ object: object() }),
    ({ object }) =>
      paymentOf({
        outcome,
        paymentId: object.id,
        orderId: orderIdIn(object.metadata),
        amount: inMinorUnits(object.amount, object.currency),
      }),
  )
}

const mainSubscription = eventType(() =>
  z.object({
    object: z.object({
      id: z.string(),
      customer: z.optional(z.unknown()),
      status: z.string(),
      currentPeriodStart: z.nullish(z.number()),
      currentPeriodEnd: z.nullish(z.number()),
    }),
  }),
)

/** Only a refund that went through changes what became of the payment. */
const mainRefund = eventType(
  () =>
    z.object({
      object: z.object({
        id: z.string(),
        payment: z.string(),
        amount,
        status: z.string(),
        currency: z.nullish(z.string()),
      }),
    }),
  ({ object }) =>
    object.status === 'succeeded'
      ? paymentOf({
          outcome: 'refunded',
          paymentId: object.payment,
          amount: inMinorUnits(object.amount, object.currency),
        })
      : undefined,
)

/** Left out for a code that is not ISO 4217, whose minor unit nobody knows, and for a fraction, which is no minor unit. */
function inMinorUnits(value: string | number, currency: string | null | undefined): Amount | undefined {
  const digits = minorUnitDigits(currency ?? '')
  if (digits === undefined) return undefined
  const { value: minor, currency: code } = exactAmount(value, currency ?? '')
  if (`${value} ${minor}`.includes('.')) return undefined
  const whole = shiftDecimal(minor, -digits)
  return whole === undefined ? undefined : { value: whole, currency: code }
}

/** The main guide's form: `{ id, type, created, data: { object } }`, amounts in minor units. */
const main = defineForm({
  matches: (payload) => isJsonObject(payload['data']) && Object.hasOwn(payload['data'], 'object'),
  open: openEnvelope,
  events: {
    'payment.created': mainPayment('pending'),
    'payment.processing': mainPayment('pending'),
    'payment.succeeded': mainPayment('succeeded'),
    'payment.failed': mainPayment('failed'),
    'payment.canceled': mainPayment('canceled'),
    'subscription.created': mainSubscription,
    'subscription.updated': mainSubscription,
    'subscription.deleted': mainSubscription,
    'subscription.trial_will_end': mainSubscription,
    'refund.created': mainRefund,
    'refund.updated': mainRefund,
    'refund.failed': mainRefund,
  },
})

const text = z.nullish(z.string())

function secondPayment(outcome: PaymentOutcome) {
  const schema = () =>
    z.object({
      id: z.string(),
      amount,
      currency: z.string(),
      status: z.string(),
      customer: z.optional(z.unknown()),
      metadata,
      paidAt: text,
      failureCode: text,
      failureMessage: text,
    })
  return eventType(schema, (data) =>
    paymentOf({
      outcome,
      paymentId: data.id,
      orderId: orderIdIn(data.metadata),
      amount: exactAmount(data.amount, data.currency),
    }),
  )
}

const secondRefunded = eventType(
  () =>
    z.object({
      id: z.string(),
      refundId: text,
      refundAmount: z.nullish(amount),
      currency: text,
      reason: text,
      metadata,
    }),
  (data) =>
    paymentOf({
      outcome: 'refunded',
      paymentId: data.id,
      orderId: orderIdIn(data.metadata),
      amount: data.refundAmount && data.currency ? exactAmount(data.refundAmount, data.currency) : undefined,
    }),
)

/** The second guide's form: `{ id, type, createdAt, liveMode, data, previousData }`, amounts in whole units. */
const second = defineForm({
  matches: (payload) => typeof payload['type'] === 'string',
  open: openEnvelope,
  events: {
    'payment.created': secondPayment('pending'),
    'payment.processing': secondPayment('pending'),
    'payment.succeeded': secondPayment('succeeded'),
    'payment.failed': secondPayment('failed'),
    'payment.canceled': secondPayment('canceled'),
    'payment.refunded': secondRefunded,
    'transfer.created': eventType(() =>
      z.object({
        id: z.string(),
        fromWalletId: text,
        toWalletId: text,
        amount,
        currency: z.string(),
        status: z.string(),
      }),
    ),
    'transfer.completed': eventType(() => z.object({ id: z.string(), status: z.string(), completedAt: text })),
    'transfer.failed': eventType(() => z.object({ id: z.string(), status: z.string(), failureReason: text })),
    'wallet.created': eventType(() =>
      z.object({ id: z.string(), userId: text, currency: z.string(), balance: amount }),
    ),
    'wallet.balance_updated': eventType(() =>
      z.object({ id: z.string(), balance: amount, previousBalance: z.nullish(amount), change: z.nullish(amount) }),
    ),
    'wallet.frozen': eventType(() => z.object({ id: z.string(), reason: text, frozenAt: text })),
    'user.created': eventType(() => z.object({ id: z.string(), email: text, name: text, country: text })),
    'user.kyc_submitted': eventType(() => z.object({ userId: z.string(), submittedAt: text })),
    'user.kyc_verified': eventType(() => z.object({ userId: z.string(), tier: text, verifiedAt: text })),
    'user.kyc_rejected': eventType(() =>
      z.object({ userId: z.string(), reason: text, requiredActions: z.nullish(z.array(z.string())) }),
    ),
    'fraud.alert_created': eventType(() =>
      z.object({ alertId: z.string(), userId: text, type: text, severity: text, description: text }),
    ),
    'fraud.transaction_blocked': eventType(() => z.object({ transactionId: z.string(), reason: text, userId: text })),
  },
})

function pluginPayment(outcome: PaymentOutcome) {
  const schema = () => z.object({ invoice_id: z.union([z.string(), z.number()]), amount: z.nullish(amount) })
  return eventType(schema, (data) => ({
    outcome,
    paymentId: String(data.invoice_id),
    orderId: String(data.invoice_id),
  }))
}

/** The Perfex plugin's form: `{ event, data: { invoice_id, amount } }`, with neither id nor time nor currency. */
const plugin = defineForm({
  matches: (payload) => typeof payload['event'] === 'string' && !Object.hasOwn(payload, 'type'),
  open: (payload) => ({ wireType: requireText(payload, 'event'), data: payload['data'] }),
  events: { 'payment.completed': pluginPayment('succeeded'), 'payment.failed': pluginPayment('failed') },
})
