import { toBytes } from '../core/bytes'
import { type HeadersInput, lastingHeaders } from '../core/headers'
import { parseSecrets, type SecretInput } from '../core/secrets'
import { isWebhookError, type WebhookError, type WebhookErrorCode } from '../errors'
import { type Provider, usualMaxAge } from '../providers/provider'
import type { Clues } from '../schemes/scheme'
import { because, type Finding } from './finding'
import { findSignatureCause, ofOtherProvider } from './of-signature'
import { findTokenCause } from './of-token'

export { because } from './finding'
export type { Cause } from './variants'

export interface ExplainSettings {
  /** The provider, or a function that makes it: then a secret that is none is explained too. */
  provider: Provider | (() => Provider)
  /** When the delivery came in, in milliseconds since 1970. Default: now. */
  now?: number
  /** Other secrets that you know, of other endpoints, providers or modes: one of them may have signed it. */
  otherSecrets?: SecretInput
  toleranceSeconds?: number
  maxEventAgeSeconds?: number
}

/** Why a delivery does not verify. Holds no secret and nothing of the body. */
export interface Explanation extends Finding {
  /** The code it was refused with. */
  readonly code?: WebhookErrorCode
}

/**
 * Says why a delivery that was read does not verify, or that it does: tries what really happens to secrets, bodies and
 * signatures, and says `unexplained` where nothing fits, as with a forgery.
 */
export async function explain(
  delivery: { headers: HeadersInput; body: Uint8Array | string },
  settings: ExplainSettings,
): Promise<Explanation> {
  const { now: nowMs = Date.now(), toleranceSeconds = 300 } = settings
  const provider = makeProvider(settings.provider)
  if (isWebhookError(provider)) return { ...ofSettings(provider), code: provider.code }
  const { maxEventAgeSeconds = usualMaxAge(provider) } = settings
  const body = toBytes(delivery.body)
  const headers = lastingHeaders(delivery.headers)
  const verified = async () => provider.verify({ headers, body }, { nowMs, toleranceSeconds, maxEventAgeSeconds })
  const refused = await verified().then(
    () => undefined,
    (error: unknown) => error,
  )
  if (refused === undefined) return { cause: 'verified', sentence: 'It verifies: there is nothing wrong with it.' }
  if (!isWebhookError(refused)) throw refused
  const found = await find({ headers, body }, provider, refused, { ...settings, now: nowMs })
  return { code: refused.code, ...(found ?? otherwise(refused, provider.clues?.().proof)) }
}

/** The provider, or why it cannot be made of its settings. */
export function makeProvider(provider: ExplainSettings['provider']): Provider | WebhookError {
  if (typeof provider !== 'function') return provider
  try {
    return provider()
  } catch (error) {
    if (isWebhookError(error)) return error
    throw error
  }
}

/** A setting is called by its name in the text of its error. */
function ofSettings({ hint }: WebhookError): Finding {
  const isSecret = /^\w+\(\{ \w*(?:secret|token)\w* \}\)/i.test(hint)
  return isSecret ? { cause: 'secret_invalid', sentence: hint } : because('settings_invalid', ` ${hint}`)
}

async function find(
  { headers, body }: { headers: HeadersInput; body: Uint8Array },
  provider: Provider,
  refused: WebhookError,
  { otherSecrets, now: nowMs }: ExplainSettings & { now: number },
): Promise<Finding | undefined> {
  const clues = provider.clues?.()
  if (clues === undefined) return undefined
  const others = otherSecrets === undefined ? [] : parseSecrets('otherSecrets', otherSecrets)
  if (clues.proof === 'signature')
    return findSignatureCause({ headers, body, clues, read: provider.headers, refused, others, nowMs })
  // Refused for anything else, the token was right.
  if (!refused.code.startsWith('token_')) return undefined
  const found = await findTokenCause(body, clues, others, nowMs)
  return found === undefined || found.cause === 'token_missing' ? (ofOtherProvider(headers) ?? found) : found
}

/** What was refused before or besides its proof says itself why. */
function otherwise({ code, hint }: WebhookError, proof: Clues['proof'] | undefined): Finding {
  // A time that nobody signed is looked at before the signature: that was tried, and is not right either.
  const besides = proof === 'signature' && code.startsWith('timestamp_')
  if (!besides && !/^(?:signature|token)_/.test(code)) return { cause: 'refused', sentence: hint }
  const sentence = 'Nothing explains it: a forgery, or signed with a secret that is not configured here.'
  return { cause: 'unexplained', sentence: besides ? `${sentence} Besides, its time is refused: ${hint}` : sentence }
}
