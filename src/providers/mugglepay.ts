import { createMacKey, sha256Hex } from '#hmac'
import { encodeHex, toBytes } from '../core/bytes'
import type { MacKey } from '../core/hmac'
import type { JsonObject } from '../core/json'
import { equalDecimals } from '../core/money'
import { once } from '../core/once'
import * as z from '../core/schema'
import { parseSecrets, problemWithSecret, type SecretInput, type SecretSettings } from '../core/secrets'
import { isWebhookError, misconfigured, WebhookError } from '../errors'
import type { PaymentOutcome } from '../event'
import { amount, assertGiven, exactAmount, optionalText, paymentOf, requireText } from '../forms/fields'
import { defineForm, eventType } from '../forms/form'
import { assertPathId, type ConfirmationApi, createConfirmationApi } from '../schemes/api-confirmation'
import { bodyToken } from '../schemes/body-token'
import type { ExpectedToken, Scheme } from '../schemes/scheme'
import { defineProvider, type EventOf } from './provider'

/** Which token is right. Give exactly one of the three. */
export type MugglepayToken =
  | {
      /** One token for all orders; a list, newest first, while rotating. */
      token: SecretInput
      tokenFor?: undefined
      orderTokenSecret?: undefined
    }
  | {
      /** Looks up the token that was set when the order was created; nothing for an unknown order. */
      tokenFor: (merchantOrderId: string) => TokenLookup | Promise<TokenLookup>
      token?: undefined
      orderTokenSecret?: undefined
    }
  | {
      /** Each order has its own token, made by `merchantToken(secret, merchantOrderId)` when it was created. */
      orderTokenSecret: SecretInput
      token?: undefined
      tokenFor?: undefined
    }

type TokenLookup = string | SecretSettings | readonly (string | SecretSettings)[] | null | undefined

export type MugglepaySettings = MugglepayToken & {
  /** Your API key: each delivery is then confirmed by asking MugglePay for the order. */
  apiKey?: string
  /** Default `https://api.mugglepay.com/v1`. */
  apiUrl?: string
  fetch?: typeof globalThis.fetch
  /** Time for the API's answer, default 3000 ms. */
  timeoutMs?: number
}

/**
 * MugglePay: a token of your own that you set in Create Order comes back in the body. It does not cover the rest of
 * the body, so whoever sees one delivery can write others: prefer a token per order, and `apiKey`.
 */
export function mugglepay(settings: MugglepaySettings) {
  return defineProvider({
    name: 'mugglepay',
    scheme: withConfirmation(
      bodyToken({
        fields: ['token', 'merchant_token'],
        expected: expectedTokens(settings),
        derive: settings.orderTokenSecret === undefined ? undefined : derivedToken,
      }),
      settings,
    ),
    forms: { documented },
    timeProof: 'signed',
    acknowledgement: { contentType: 'application/json; charset=utf-8', body: '{"status":200}' },
    // 1, 2, 4 … minutes, doubling, up to 3 days.
    retryHorizonSeconds: 259_200,
  })
}

export type MugglepayEvent = EventOf<ReturnType<typeof mugglepay>>

/**
 * The token of one order, to be set in Create Order: 64 hex digits. Knowing one opens no other order.
 * Throws a `WebhookError` for a secret that is none.
 */
export function merchantToken(secret: string, merchantOrderId: string): string {
  const problem = problemWithSecret(secret)
  if (problem !== undefined) throw misconfigured('merchantToken: secret', problem)
  if (typeof merchantOrderId !== 'string' || merchantOrderId === '')
    throw misconfigured('merchantToken: merchantOrderId', 'must be a string that is not empty.')
  return orderToken(createMacKey(toBytes(secret)), merchantOrderId)
}

function orderToken(key: MacKey, merchantOrderId: string): string {
  return encodeHex(key.sign(toBytes(`payproof:mugglepay:order-token:v1:${merchantOrderId}`)))
}

function expectedTokens(
  settings: MugglepaySettings,
): (payload: JsonObject) => readonly ExpectedToken[] | Promise<readonly ExpectedToken[]> {
  const given = (['token', 'tokenFor', 'orderTokenSecret'] as const).filter((name) => Object.hasOwn(settings, name))
  if (given.length !== 1)
    throw misconfigured('mugglepay({ token | tokenFor | orderTokenSecret })', 'must be given exactly once.')
  if (settings.tokenFor !== undefined) return lookedUp(settings.tokenFor)
  if (given[0] === 'token') {
    const tokens = parseSecrets('mugglepay({ token })', settings.token)
    return () => tokens
  }
  const secrets = parseSecrets('mugglepay({ orderTokenSecret })', settings.orderTokenSecret).map(
    ({ bytes, ...about }) => ({ ...about, key: createMacKey(bytes) }),
  )
  return (payload) => {
    const order = merchantOrderIdOf(payload)
    return secrets.map(({ key, ...about }) => ({ ...about, bytes: toBytes(orderToken(key, order)) }))
  }
}

function derivedToken(secret: Uint8Array, payload: JsonObject): Uint8Array {
  return toBytes(orderToken(createMacKey(secret), merchantOrderIdOf(payload)))
}

function lookedUp(tokenFor: (merchantOrderId: string) => TokenLookup | Promise<TokenLookup>) {
  if (typeof tokenFor !== 'function') throw misconfigured('mugglepay({ tokenFor })', 'must be a function.')
  return async (payload: JsonObject): Promise<readonly ExpectedToken[]> => {
    const found = await lookUp(tokenFor, merchantOrderIdOf(payload))
    return found === null || (Array.isArray(found) && found.length === 0) ? [] : parseFound(found)
  }
}

function parseFound(found: Exclude<TokenLookup, null>): readonly ExpectedToken[] {
  if (found === undefined) return []
  try {
    return parseSecrets('The token that `tokenFor` gave', found)
  } catch (error) {
    throw isWebhookError(error) ? new WebhookError('secret_unavailable', error.hint) : error
  }
}

async function lookUp(
  tokenFor: (merchantOrderId: string) => TokenLookup | Promise<TokenLookup>,
  order: string,
): Promise<TokenLookup> {
  try {
    return await tokenFor(order)
  } catch (cause) {
    throw new WebhookError('secret_unavailable', '`tokenFor` threw an error.', { cause })
  }
}

function merchantOrderIdOf(payload: JsonObject): string {
  const id = optionalText(payload, 'merchant_order_id')
  // Nothing is proven yet: a look-up must not be handed what would break a database.
  if (id === undefined || id.length > 256 || /\p{Cc}|\p{Cs}/u.test(id)) {
    throw new WebhookError('token_mismatch', 'No usable `merchant_order_id` in the body, so no token can be right.')
  }
  return id
}

function withConfirmation(token: Scheme, settings: MugglepaySettings): Scheme {
  assertGiven('mugglepay', settings, ['apiKey'])
  if (settings.apiKey === undefined) return token
  const problem = problemWithSecret(settings.apiKey)
  if (problem !== undefined) throw misconfigured('mugglepay({ apiKey })', problem)
  const api = createConfirmationApi(
    {
      url: settings.apiUrl ?? 'https://api.mugglepay.com/v1',
      headers: { token: settings.apiKey },
      fetch: settings.fetch,
      timeoutMs: settings.timeoutMs,
    },
    'mugglepay({ apiUrl })',
  )
  return {
    ...token,
    async prove(delivery, context) {
      const { proof, facts } = await token.prove(delivery, context)
      await confirmOrder(api, delivery.payload())
      return { proof: { ...proof, by: 'api' }, facts }
    },
  }
}

const confirmedOrder = once(() =>
  z.object({
    order: z.object({
      order_id: z.string(),
      merchant_order_id: z.union([z.string(), z.number()]),
      status: z.string(),
      price_amount: amount,
      price_currency: z.nullish(z.string()),
    }),
  }),
)

/** The API must say of the order what the body says. A body that is ahead of the API comes again and is right then. */
async function confirmOrder(api: ConfirmationApi, payload: JsonObject): Promise<void> {
  const orderId = payload['order_id']
  assertPathId('order_id', orderId)
  const answer = await api.ask('/orders/', orderId)
  if (answer === undefined) throw new WebhookError('payment_not_confirmed', 'The API knows no such order.')
  const parsed = z.safeParse(confirmedOrder(), answer)
  if (!parsed.success)
    throw new WebhookError('confirmation_unavailable', "The confirming API's answer has an unknown shape.")
  const { order } = parsed.data
  // Else the body would choose it.
  if (typeof order.price_currency !== 'string')
    throw new WebhookError('confirmation_unavailable', "The confirming API's answer names no `price_currency`.")
  const agrees =
    order.order_id === orderId &&
    String(order.merchant_order_id) === optionalText(payload, 'merchant_order_id') &&
    order.status === payload['status'] &&
    equalDecimals(order.price_amount, payload['price_amount']) &&
    order.price_currency === payload['price_currency']
  if (!agrees) throw new WebhookError('payment_mismatch', 'The API says something else of this order than the body.')
}

const orderData = once(() =>
  z.object({
    order_id: z.string(),
    merchant_order_id: z.union([z.string(), z.number()]),
    status: z.string(),
    price_amount: amount,
    price_currency: z.string(),
    pay_amount: z.nullish(amount),
    pay_currency: z.nullish(z.string()),
    created_at: z.nullish(z.string()),
    created_at_t: z.nullish(z.union([z.number(), z.string()])),
    meta: z.nullish(
      z.object({
        payment: z.nullish(z.string()),
        transaction_hash: z.nullish(z.string()),
        network: z.nullish(z.string()),
      }),
    ),
  }),
)

function order(outcome: PaymentOutcome) {
  return eventType(orderData, (data) =>
    paymentOf({
      outcome,
      paymentId: data.order_id,
      orderId: String(data.merchant_order_id),
      amount: exactAmount(data.price_amount, data.price_currency),
      transactionHash: data.meta?.transaction_hash ?? undefined,
    }),
  )
}

/** A flat body; one order passes through several statuses. Its times are the order's birth, not the event's. */
const documented = defineForm({
  matches: () => true,
  open(payload) {
    const wireType = requireText(payload, 'status')
    // The token stays out of what a handler may log.
    const { token: _, merchant_token: __, ...data } = payload
    const id = `${requireText(payload, 'order_id')}:${wireType}`
    // A token of one order proves that order alone: with it nobody may use up the key of another.
    const order = sha256Hex(toBytes(optionalText(payload, 'merchant_order_id') ?? '')).slice(0, 32)
    return { wireType, id, key: `${id}:${order}`, data }
  },
  events: {
    NEW: order('pending'),
    PENDING: order('pending'),
    PAID: order('succeeded'),
    // Paid too much, too little or too late; RESOLVED is what a person made of it. Neither means: fulfil.
    UNRESOLVED: order('review'),
    RESOLVED: order('review'),
    EXPIRED: order('expired'),
    CANCELED: order('canceled'),
    REFUND_PENDING: order('review'),
    REFUNDED: order('refunded'),
  },
})
