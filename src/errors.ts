/**
 * Why a delivery was not handled, with the HTTP status it is answered with.
 * Every 401 has the same answer on the wire: the code is for `observe` and logs only.
 */
export const statusOfCode = {
  // Origin or time not proven.
  signature_missing: 401,
  signature_malformed: 401,
  signature_mismatch: 401,
  token_missing: 401,
  token_mismatch: 401,
  header_mismatch: 401,
  account_mismatch: 401,
  mode_mismatch: 401,
  timestamp_missing: 401,
  timestamp_malformed: 401,
  timestamp_too_old: 401,
  timestamp_in_future: 401,
  payment_not_confirmed: 401,
  payment_mismatch: 401,
  // Proven, but not a payload we may read.
  payload_malformed: 400,
  id_invalid: 400,
  payload_invalid: 422,
  // The request itself.
  method_not_allowed: 405,
  body_timeout: 408,
  body_aborted: 400,
  body_too_large: 413,
  content_encoding: 415,
  // How the receiver is mounted or configured.
  configuration_invalid: 500,
  body_already_parsed: 500,
  internal_error: 500,
  dead_letter_unknown: 404,
  job_invalid: 422,
  job_misdirected: 422,
  // What a genuine payment is not, by `expectPayment`.
  payment_unexpected: 422,
  order_unknown: 503,
  // Handling.
  in_progress: 409,
  lease_lost: 409,
  handler_failed: 500,
  attempts_exhausted: 500,
  handler_timeout: 503,
  store_unavailable: 503,
  queue_unavailable: 503,
  confirmation_unavailable: 503,
  payment_pending: 503,
  secret_unavailable: 503,
  shutting_down: 503,
} as const

export type WebhookErrorCode = keyof typeof statusOfCode

const brand = Symbol.for('payproof.WebhookError')

/**
 * The one error of this library. Its text names settings, headers and fields,
 * never their values, so it may be logged as it is.
 */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
  readonly code: WebhookErrorCode
  /** The HTTP status this code is answered with. */
  readonly status: number
  /** What is wrong and what to do about it, in a sentence or two. */
  readonly hint: string
  /** The provider whose delivery or settings this is about, where known. */
  readonly provider: string | undefined

  constructor(code: WebhookErrorCode, hint: string, options: { provider?: string | undefined; cause?: unknown } = {}) {
    const status = statusOfCode[code]
    const about = options.provider === undefined ? code : `${options.provider}: ${code}`
    const limit = Error.stackTraceLimit
    const bare = isCommonplace(status) && stackIsOptional
    if (bare) Error.stackTraceLimit = 0
    super(`${about}: ${hint}`, options.cause === undefined ? undefined : { cause: options.cause })
    if (bare) Error.stackTraceLimit = limit
    this.code = code
    this.status = status
    this.hint = hint
    this.provider = options.provider
  }
}

// On the prototype: strangers cause many errors, and a property of each takes a sixth of the time of making one.
Object.defineProperty(WebhookError.prototype, brand, { value: true })

const stackIsOptional = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable === true

/** What strangers can cause as often as they like: where it was found tells nothing, and costs more than finding it. */
function isCommonplace(status: number): boolean {
  return status < 500 && status !== 422
}

/** Whether `error` is a `WebhookError`, also one of another copy of this module (ESM beside CommonJS). */
export function isWebhookError(error: unknown): error is WebhookError {
  return typeof error === 'object' && error !== null && brand in error
}

/** What says that the event itself is wrong, and will be the next time. Any other error may be that of another receiver or API. */
const blamingCodes: readonly WebhookErrorCode[] = ['payment_unexpected']

export function blamesTheEvent(error: unknown): boolean {
  return isWebhookError(error) && blamingCodes.includes(error.code)
}

/** The same error, naming its provider: shared code does not know for whom it works. */
export function forProvider(provider: string, error: unknown): unknown {
  if (!isWebhookError(error) || error.provider !== undefined) return error
  return new WebhookError(error.code, error.hint, { provider, cause: error.cause })
}

/** Wrong settings: thrown at start, never at the first payment. A provider's are named as `provider({ setting })`. */
export function misconfigured(setting: string, problem: string): WebhookError {
  const [, provider] = /^(\w+)\(\{/.exec(setting) ?? []
  return new WebhookError('configuration_invalid', `${setting} ${problem}`, { provider })
}
