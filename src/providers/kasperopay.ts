import { parseIsoTime } from '../core/freshness'
import type { JsonObject } from '../core/json'
import { parseDecimal, roundDecimal } from '../core/money'
import { once } from '../core/once'
import * as z from '../core/schema'
import { isWebhookError, misconfigured, WebhookError } from '../errors'
import type { Amount, Payment, WebhookEvent } from '../event'
import { amount, assertGiven, defined, exactAmount, optionalText, paymentOf, requireText } from '../forms/fields'
import { defineForm, eventType } from '../forms/form'
import { assertPathId, type ConfirmationApi, createConfirmationApi } from '../schemes/api-confirmation'
import { chainConfirmation } from '../schemes/chain-confirmation'
import { type Delivery, maxUnprovenBytes, type Scheme } from '../schemes/scheme'
import { defineProvider, type EventOf } from './provider'

/** What the merchant's own records say the payment must be. */
export interface ExpectedPayment {
  /** The order this payment was started for at checkout. */
  orderId: string
  /** If given, must be the confirmed payment id. */
  paymentId?: string
  /** Must be exactly what was paid, in KAS unless a currency is given. */
  amount: string | number | Amount
  /** The amount's currency, `KAS` (default) or `USD`: no other is confirmed. */
  currency?: string
}

export interface KasperopaySettings {
  /** Your merchant id (`kpm_…`): a delivery that names another one is refused. */
  merchantId: string | undefined
  /**
   * Ties the payment to an order, from your own records: return what you expect of it (it is compared), `true` if you
   * have compared yourself, or nothing for a payment you do not know, which is then refused.
   * Without it the event is `unbound`, and its `claims` are worth nothing.
   */
  expect?: (event: UnboundKasperopayEvent) => Expectation | Promise<Expectation>
  /** If given, must be the confirmed `store_name`: the one thing the API says of whose payment it is. */
  storeName?: string
  /** Default `https://kaspa-store.com`. */
  apiUrl?: string
  /** Default: `/api/pay/status/` as in the webhook guide, then `/pay/status/` as in the API reference. */
  statusPath?: '/api/pay/status/' | '/pay/status/' | (string & {})
  fetch?: typeof globalThis.fetch
  /** Time for the API's answer, default 3000 ms. */
  timeoutMs?: number
  /** Asks the chain as well: the transaction must be accepted and pay your address at least the confirmed amount. */
  onChain?: {
    /** Your receiving address (`kaspa:…`). */
    address: string
    /** Default `https://api.kaspa.org`. */
    apiUrl?: string
  }
}

type Expectation = ExpectedPayment | boolean | null | undefined

/** What the sender only says. Nothing of it is proven, and what is not as the guide has it is left out. */
export interface KasperopayClaims {
  readonly event: string
  readonly merchant_id: string
  readonly payment_id: string
  readonly timestamp?: string
  readonly order_id?: string
  readonly amount_kas?: string
  readonly amount_usd?: string
  readonly transaction_id?: string
  readonly customer_address?: string
  readonly items?: unknown
  readonly metadata?: unknown
}

export interface KasperopayExtras {
  /** What the sender only says. Nothing of it is proven. */
  readonly claims: KasperopayClaims
  /** Whether `expect` has tied the payment to an order. */
  readonly binding: 'bound' | 'unbound'
}

/** What `expect` is asked about: confirmed `data`, unproven `claims`, no order yet. */
export type UnboundKasperopayEvent = WebhookEvent<'kasperopay', 'payment.completed', KasperopayFacts, 'documented'> & {
  readonly claims: KasperopayClaims
}

/**
 * KasperoPay: its webhooks prove nothing by themselves, so its API is asked about the payment each one names.
 * `event.data` holds what the API confirmed, `event.claims` what the sender said.
 */
export function kasperopay(settings: KasperopaySettings) {
  const { merchantId } = settings
  if (typeof merchantId !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(merchantId)) {
    throw misconfigured(
      'kasperopay({ merchantId })',
      'is missing, empty or blank: it stands in the merchant dashboard.',
    )
  }
  assertGiven('kasperopay', settings, ['expect', 'storeName', 'onChain'])
  return defineProvider({
    name: 'kasperopay',
    scheme: paymentConfirmation(merchantId, settings),
    forms: { documented },
    timeProof: 'confirmed',
    acknowledgement: { contentType: 'text/plain; charset=utf-8', body: 'OK' },
    // The guide speaks of retries without a schedule; a day is a guess on the safe side.
    retryHorizonSeconds: 86_400,
    extend: async (event, _, { claims }): Promise<KasperopayExtras> => {
      if (event.type === 'unknown') throw notConfirmed('Only completed payments can be confirmed.')
      return { claims, ...(await bind(settings.expect, Object.assign(event, { claims }))) }
    },
  })
}

export type KasperopayEvent = EventOf<ReturnType<typeof kasperopay>>

const factsSchema = once(() =>
  z.object({
    payment_id: z.string(),
    status: z.literal('completed'),
    amount_kas: amount,
    amount_usd: z.nullish(amount),
    txid: z.nullish(z.string()),
    store_name: z.nullish(z.string()),
    confirmed_at: z.string(),
    expires_at: z.nullish(z.string()),
  }),
)

type KasperopayFacts = z.output<ReturnType<typeof factsSchema>>

interface Confirmed {
  readonly claims: KasperopayClaims
  readonly facts: JsonObject
}

const documented = defineForm({
  matches: () => true,
  open: (_, __, { claims, facts }: Confirmed) => ({
    wireType: claims.event,
    id: claims.payment_id,
    timeMs: parseIsoTime(facts['confirmed_at']),
    data: facts,
  }),
  events: {
    'payment.completed': eventType(factsSchema, (data) =>
      paymentOf({
        outcome: 'succeeded',
        paymentId: data.payment_id,
        amount: exactAmount(data.amount_kas, 'KAS'),
        transactionHash: data.txid ?? undefined,
      }),
    ),
  },
})

const knownPaths = ['/api/pay/status/', '/pay/status/']

function paymentConfirmation(merchantId: string, settings: KasperopaySettings): Scheme<Confirmed> {
  const { fetch, timeoutMs, storeName, onChain } = settings
  const api = createConfirmationApi(
    { url: settings.apiUrl ?? 'https://kaspa-store.com', fetch, timeoutMs },
    'kasperopay({ apiUrl })',
  )
  const paths = settings.statusPath === undefined ? knownPaths : [parseStatusPath(settings.statusPath)]
  const confirmOnChain = onChain && chainConfirmation({ ...onChain, fetch, timeoutMs }, 'kasperopay({ onChain })')
  return {
    headers: [],
    maxBodyBytes: maxUnprovenBytes,
    async prove(delivery) {
      const claims = readClaims(delivery, merchantId)
      const facts = await confirmPayment(api, paths, claims.payment_id)
      if (storeName !== undefined && facts['store_name'] !== storeName) {
        throw new WebhookError('account_mismatch', 'The confirmed `store_name` is not the configured `storeName`.')
      }
      await confirmOnChain?.(facts['txid'], facts['amount_kas'])
      return { proof: { by: 'api', coversBody: false }, facts: { claims, facts } }
    },
  }
}

/** Before the API was asked nothing is proven: what cannot be read is answered like any other forgery. */
function readClaims(delivery: Delivery, merchantId: string): KasperopayClaims {
  try {
    return parseClaims(delivery.payload(), merchantId)
  } catch (error) {
    if (!isWebhookError(error) || error.code === 'account_mismatch') throw error
    throw notConfirmed(error.hint)
  }
}

function parseClaims(payload: JsonObject, merchantId: string): KasperopayClaims {
  const { payment_id, items, metadata } = payload
  assertPathId('payment_id', payment_id)
  if (payload['merchant_id'] !== merchantId) {
    throw new WebhookError('account_mismatch', '`merchant_id` is not the configured `merchantId`.')
  }
  // Were another event let through on the strength of a completed payment, it would use up that payment's key.
  const event = requireText(payload, 'event')
  if (event !== 'payment.completed')
    throw new WebhookError('payment_not_confirmed', 'The API can confirm `payment.completed` and nothing else.')
  const text = (field: string) => optionalText(payload, field)
  return defined({
    event,
    merchant_id: merchantId,
    payment_id,
    timestamp: text('timestamp'),
    order_id: text('order_id'),
    amount_kas: text('amount_kas') ?? parseDecimal(payload['amount_kas']),
    amount_usd: text('amount_usd') ?? parseDecimal(payload['amount_usd']),
    transaction_id: text('transaction_id'),
    customer_address: text('customer_address'),
    items,
    metadata,
  })
}

async function confirmPayment(api: ConfirmationApi, paths: readonly string[], paymentId: string): Promise<JsonObject> {
  const facts = await askInTurn(api, paths, paymentId)
  if (facts === undefined) throw notConfirmed('The API knows no such payment.')
  if (facts['payment_id'] !== paymentId)
    throw new WebhookError('payment_mismatch', 'The API answered about another payment.')
  switch (facts['status']) {
    case 'completed':
      return facts
    case 'pending':
    case 'confirming':
      throw new WebhookError('payment_pending', `The API says that the payment is still ${facts['status']}.`)
    case 'expired':
      throw notConfirmed('The API says that it is expired.')
  }
  throw new WebhookError('confirmation_unavailable', 'The API gave a status that it is not known to give.')
}

/** The guide and the API reference name different paths: where one knows nothing or is not there, the other may be. */
async function askInTurn(api: ConfirmationApi, paths: readonly string[], id: string): Promise<JsonObject | undefined> {
  let failure: unknown
  for (const path of paths) {
    try {
      const answer = await api.ask(path, id)
      if (answer !== undefined) return answer
    } catch (error) {
      failure ??= error
    }
  }
  if (failure !== undefined) throw failure
  return undefined
}

async function bind(
  expect: KasperopaySettings['expect'],
  event: UnboundKasperopayEvent,
): Promise<Pick<KasperopayExtras, 'binding'> & { payment?: Payment }> {
  if (expect === undefined || event.payment === undefined) return { binding: 'unbound' }
  const expected = await askMerchant(expect, event)
  const orderId =
    expected === true ? event.claims.order_id : expected && agrees(expected, event) ? expected.orderId : undefined
  if (expected !== true && !orderId) {
    throw new WebhookError(
      'payment_mismatch',
      'The payment is real, but not the one `expect` knows: another order, id or amount.',
    )
  }
  return { binding: 'bound', payment: { ...event.payment, ...(orderId ? { orderId } : {}) } }
}

async function askMerchant(
  expect: NonNullable<KasperopaySettings['expect']>,
  event: UnboundKasperopayEvent,
): Promise<Expectation> {
  try {
    return await expect(event)
  } catch (cause) {
    throw new WebhookError('confirmation_unavailable', '`expect` threw an error.', { cause })
  }
}

function agrees(expected: ExpectedPayment, { data }: UnboundKasperopayEvent): boolean {
  const { amount } = expected
  const { value, ...stated } = typeof amount === 'object' && amount !== null ? amount : { value: amount }
  const currencies = [stated, expected].flatMap((each) => ('currency' in each ? [String(each.currency)] : []))
  const [currency = 'KAS', ...others] = new Set(currencies.map((each) => each.toUpperCase()))
  if (others.length > 0) return false
  const paid = currency === 'KAS' ? data.amount_kas : currency === 'USD' ? data.amount_usd : undefined
  return (expected.paymentId === undefined || expected.paymentId === data.payment_id) && equalAmounts(paid, value)
}

/** The API gives JSON numbers that may carry a double's noise; nothing is smaller than a sompi. */
function equalAmounts(a: unknown, b: unknown): boolean {
  const [left, right] = [a, b].map((amount) => roundDecimal(parseDecimal(amount) ?? '', 8))
  return left !== undefined && left === right
}

function parseStatusPath(path: string): string {
  if (/^\/(?:[\w-]+\/)+$/.test(path)) return path
  throw misconfigured(
    'kasperopay({ statusPath })',
    'must begin and end with a slash, with letters, digits, dashes and slashes between.',
  )
}

function notConfirmed(reason: string): WebhookError {
  return new WebhookError('payment_not_confirmed', `The payment could not be confirmed. ${reason}`)
}
