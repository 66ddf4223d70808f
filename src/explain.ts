import { toBytes } from './core/bytes'
import { type HeadersInput, lastingHeaders } from './core/headers'
import {
  type Explanation,
  explain as explainProof,
  makeProvider,
  type ExplainSettings as ProofSettings,
} from './diagnosis/explain'
import { because } from './diagnosis/finding'
import { isWebhookError, type WebhookErrorCode } from './errors'
import { defaultMaxBodyBytes, readRequest } from './request'

export interface ExplainSettings extends ProofSettings {
  /** As the receiver has it. Default 1 MiB, or what the provider allows where that is less. */
  maxBodyBytes?: number
}

/**
 * Says why a delivery is refused, or that it verifies: what a receiver does not even read, and then what really happens to
 * secrets, bodies and signatures; `unexplained` where nothing fits, as with a forgery. For a person at a terminal: never put it
 * into an answer.
 */
export async function explain(
  delivery: { method?: string | undefined; headers: HeadersInput; body: Uint8Array | string },
  settings: ExplainSettings,
): Promise<Explanation> {
  const provider = makeProvider(settings.provider)
  const given = { headers: lastingHeaders(delivery.headers), body: toBytes(delivery.body) }
  if (isWebhookError(provider)) return explainProof(given, settings)
  const { maxBodyBytes = defaultMaxBodyBytes } = settings
  const unread = unreadOf(
    { ...given, method: delivery.method },
    Math.min(maxBodyBytes, provider.maxBodyBytes ?? maxBodyBytes),
  )
  return unread ?? explainProof(given, { ...settings, provider })
}

/** What a receiver refuses before it looks at any proof. */
function unreadOf(
  request: { method: string | undefined; headers: HeadersInput; body: Uint8Array },
  maxBodyBytes: number,
): Explanation | undefined {
  try {
    readRequest(request, { maxBodyBytes, bodyTimeoutMs: 0 })
    return undefined
  } catch (error) {
    if (!isWebhookError(error) || !Object.hasOwn(causeOf, error.code)) throw error
    const cause = causeOf[error.code as keyof typeof causeOf]
    return { ...because(cause, ` ${error.hint}`), code: error.code }
  }
}

const causeOf = {
  method_not_allowed: 'method_not_post',
  content_encoding: 'body_encoded',
  body_too_large: 'body_over_limit',
} as const satisfies Partial<Record<WebhookErrorCode, string>>
