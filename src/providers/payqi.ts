import { parseEpoch } from '../core/freshness'
import { once } from '../core/once'
import * as z from '../core/schema'
import type { SecretInput } from '../core/secrets'
import type { PaymentOutcome } from '../event'
import { amount, exactAmount, metadata, orderIdIn, paymentOf, requireText } from '../forms/fields'
import { defineForm, eventType } from '../forms/form'
import { bodySignature } from '../schemes/body-signature'
import { createSigningKeys } from '../schemes/signing-keys'
import { defineProvider, type EventOf } from './provider'

export interface PayqiSettings {
  /** The webhook's signing secret; a list, newest first, while rotating. */
  secret: SecretInput
}

/**
 * PayQI: the hex HMAC-SHA256 of the raw body in `X-PayQI-Signature`. `X-PayQI-Timestamp` is not signed and can only
 * turn a delivery away; what guards against replay is the signed `created` and the event's id.
 */
export function payqi(settings: PayqiSettings) {
  return defineProvider({
    name: 'payqi',
    scheme: bodySignature({
      headers: ['x-payqi-signature'],
      keys: createSigningKeys('payqi({ secret })', settings.secret),
      unsignedTimestampHeader: 'x-payqi-timestamp',
    }),
    forms: { documented },
    timeProof: 'signed',
    acknowledgement: { contentType: 'text/plain; charset=utf-8', body: 'OK' },
    // The guide states no retries; a day is a guess on the safe side.
    retryHorizonSeconds: 86_400,
  })
}

export type PayqiEvent = EventOf<ReturnType<typeof payqi>>

const paymentData = once(() =>
  z.object({
    id: z.string(),
    amount,
    currency: z.string(),
    status: z.string(),
    pay_address: z.nullish(z.string()),
    destination_tag: z.nullish(z.union([z.string(), z.number()])),
    tx_hash: z.nullish(z.string()),
    metadata,
  }),
)

function payment(outcome: PaymentOutcome) {
  return eventType(paymentData, (data) =>
    paymentOf({
      outcome,
      paymentId: data.id,
      orderId: orderIdIn(data.metadata),
      amount: exactAmount(data.amount, data.currency),
      transactionHash: data.tx_hash ?? undefined,
    }),
  )
}

/** `{ id, type, created, data }`, amounts in whole units. */
const documented = defineForm({
  matches: () => true,
  open: (payload) => ({
    wireType: requireText(payload, 'type'),
    timeMs: parseEpoch(payload['created'], 'seconds'),
    id: requireText(payload, 'id'),
    data: payload['data'],
  }),
  events: {
    'payment.created': payment('pending'),
    'payment.pending': payment('pending'),
    'payment.completed': payment('succeeded'),
    'payment.failed': payment('failed'),
    'payment.expired': payment('expired'),
  },
})
