import { toBytes } from './core/bytes'
import { type HeadersInput, lastingHeaders } from './core/headers'
import type { Explanation, ExplainSettings as ProofSettings } from './diagnosis/explain'
import { isWebhookError, type WebhookError, type WebhookErrorCode } from './errors'
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
  // Not before it is asked for: most processes never do.
  const { because, explain: explainProof, makeProvider } = await import('./diagnosis/explain')
  const provider = makeProvider(settings.provider)
  const given = { headers: lastingHeaders(delivery.headers), body: toBytes(delivery.body) }
  if (isWebhookError(provider)) return explainProof(given, settings)
  const { maxBodyBytes = defaultMaxBodyBytes } = settings
  const unread = unreadOf(
    { ...given, method: delivery.method },
    Math.min(maxBodyBytes, provider.maxBodyBytes ?? maxBodyBytes),
  )
  if (unread === undefined) return explainProof(given, { ...settings, provider })
  return { ...because(causeOf[unread.code], ` ${unread.hint}`), code: unread.code }
}

type Unread = Pick<WebhookError, 'hint'> & { code: keyof typeof causeOf }

/** What a receiver refuses before it looks at any proof. */
function unreadOf(
  request: { method: string | undefined; headers: HeadersInput; body: Uint8Array },
  maxBodyBytes: number,
): Unread | undefined {
  try {
    readRequest(request, { maxBodyBytes, bodyTimeoutMs: 0 })
    return undefined
  } catch (error) {
    if (!isWebhookError(error) || !Object.hasOwn(causeOf, error.code)) throw error
    return error as Unread
  }
}

const causeOf = {
  method_not_allowed: 'method_not_post',
  content_encoding: 'body_encoded',
  body_too_large: 'body_over_limit',
} as const satisfies Partial<Record<WebhookErrorCode, string>>
