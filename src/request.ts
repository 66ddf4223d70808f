import { type Awaitable, andThen } from './core/awaitable'
import { toBytes } from './core/bytes'
import { type HeadersInput, lastingHeaders, readHeader } from './core/headers'
import { WebhookError } from './errors'

/** What a receiver takes where nothing else is said: 1 MiB. */
export const defaultMaxBodyBytes = 1024 * 1024

export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly bodyTimeoutMs: number
}

/** One HTTP request as a framework hands it over. */
export interface WebhookRequest {
  readonly headers: HeadersInput
  /** The raw body, or a function that reads it within the limits it is given. */
  readonly body: Uint8Array | string | ((limits: BodyLimits) => Awaitable<Uint8Array | string>)
  /** Where given, must be POST. */
  readonly method?: string | undefined
}

/** The request with headers that can be read more than once. */
export function lasting(request: WebhookRequest): WebhookRequest {
  const headers = lastingHeaders(request?.headers)
  if (headers === request?.headers) return request
  return { method: request.method, headers, body: request.body }
}

/** The raw bytes of a request, refusing what must not be read. Throws a `WebhookError`. */
export function readRequest(request: WebhookRequest, limits: BodyLimits): Awaitable<Uint8Array> {
  const { method, headers } = request
  if (method !== undefined && method !== 'POST')
    throw new WebhookError('method_not_allowed', 'Webhooks are POST requests: route nothing else here.')
  assertHeaders(headers)
  assertNotEncoded(headers)
  if (Number(readHeader(headers, 'content-length')) > limits.maxBodyBytes) throw tooLarge(limits)
  const body = typeof request.body === 'function' ? request.body(limits) : request.body
  return andThen(body, (raw) => checked(raw, limits))
}

function checked(body: unknown, limits: BodyLimits): Uint8Array {
  if (typeof body !== 'string' && !(body instanceof Uint8Array))
    throw bodyAlreadyParsed('Hand over the raw body: the bytes as they were received.')
  const bytes = toBytes(body)
  if (bytes.length > limits.maxBodyBytes) throw tooLarge(limits)
  return bytes
}

/** The body is gone for good: somebody has read it, and its bytes cannot be told from what became of them. */
export function bodyAlreadyParsed(fix: string): WebhookError {
  return new WebhookError(
    'body_already_parsed',
    `Something read or parsed the body before it got here, so its bytes cannot be verified. ${fix}`,
  )
}

export function tooLarge({ maxBodyBytes }: BodyLimits): WebhookError {
  return new WebhookError('body_too_large', `The body is larger than maxBodyBytes (${maxBodyBytes}).`)
}

function assertHeaders(headers: unknown): void {
  if (typeof headers === 'object' && headers !== null) return
  throw new WebhookError('configuration_invalid', 'The request was handed over without its headers.')
}

/** Some frameworks inflate and some do not: an encoded body would be signed in one and not in the other. */
function assertNotEncoded(headers: HeadersInput): void {
  const encoding = readHeader(headers, 'content-encoding')?.trim().toLowerCase() ?? ''
  if (encoding !== '' && encoding !== 'identity') {
    throw new WebhookError('content_encoding', 'Encoded bodies are not taken: the provider signs what it sends plain.')
  }
}
