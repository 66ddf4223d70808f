import { isJsonObject, type JsonObject } from '../core/json'
import { parseDecimal } from '../core/money'
import * as z from '../core/schema'
import { misconfigured, WebhookError } from '../errors'
import type { Amount, Payment } from '../event'

/** An amount as JSON has it; a number too long for a double arrives as the string of its digits. */
export const amount = z.union([z.string(), z.number()])

/** The merchant's own data, passed on as it was given. */
export const metadata = z.optional(z.unknown())

/** A string field of the envelope that must be there. */
export function requireText(payload: JsonObject, field: string): string {
  const value = optionalText(payload, field)
  if (value === undefined) throw new WebhookError('payload_invalid', `\`${field}\` is missing or not a string.`)
  return value
}

/** A string field, or a whole number as the string of its digits; `undefined` if it is neither, or empty. */
export function optionalText(object: unknown, field: string): string | undefined {
  if (!isJsonObject(object) || !Object.hasOwn(object, field)) return undefined
  const value = object[field]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The merchant's order id, under the two names merchants give it. */
export function orderIdIn(data: unknown): string | undefined {
  return optionalText(data, 'orderId') ?? optionalText(data, 'order_id')
}

/** An exact amount, refusing what is not a plain non-negative number. */
export function exactAmount(value: string | number, currency: string): Amount {
  const decimal = parseDecimal(value)
  if (decimal === undefined || decimal.startsWith('-'))
    throw new WebhookError('payload_invalid', 'The amount is not a plain number of at least 0.')
  return { value: decimal, currency: currency.toUpperCase() }
}

/** Refuses a check that was asked for with a value that is missing: it would silently be off. */
export function assertGiven<Settings extends object>(
  provider: string,
  settings: Settings,
  names: readonly (keyof Settings & string)[],
): void {
  const missing = names.find((name) => Object.hasOwn(settings, name) && !settings[name])
  if (missing === undefined) return
  throw misconfigured(
    `${provider}({ ${missing} })`,
    'is given but missing: is the environment variable set? Leave it out to go without.',
  )
}

type PaymentFields = { readonly [Name in keyof Payment]: Payment[Name] | undefined } & Pick<
  Payment,
  'outcome' | 'paymentId'
>

/** A payment without the fields that are `undefined`. Put together by name: it is made for every delivery. */
export function paymentOf({ outcome, paymentId, orderId, amount, transactionHash, payer }: PaymentFields): Payment {
  const payment: { -readonly [Name in keyof Payment]: Payment[Name] } = { outcome, paymentId }
  if (orderId !== undefined) payment.orderId = orderId
  if (amount !== undefined) payment.amount = amount
  if (transactionHash !== undefined) payment.transactionHash = transactionHash
  if (payer !== undefined) payment.payer = payer
  return payment
}

/** The object without the fields that are `undefined`. */
export function defined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given: Partial<T> = {}
  for (const name in object) if (object[name] !== undefined) given[name] = object[name]
  return given as { [K in keyof T]: Exclude<T[K], undefined> }
}
