import { equalSecrets, sha256Hex } from '#hmac'
import { toBytes } from '../core/bytes'
import { type HeadersInput, headerNames, readHeader } from '../core/headers'
import { type JsonObject, parseJsonObject } from '../core/json'
import { parseSecrets, type SecretInput } from '../core/secrets'
import { isWebhookError, type WebhookError, type WebhookErrorCode } from '../errors'
import type { Provider } from '../providers/provider'
import type { SignatureClues, TokenClues } from '../schemes/scheme'
import { findCulprit, maxDiagnosedBytes, type SuspectKey } from './signature'
import { type Cause, sentences } from './variants'

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
export interface Explanation {
  readonly cause: Cause
  /** What is wrong and what to do, for a person. */
  readonly sentence: string
  /** The code it was refused with. */
  readonly code?: WebhookErrorCode
  /** Which secret signed it, and the first digits of that secret's SHA-256, to compare without showing it. */
  readonly secretId?: string
  readonly fingerprint?: string
}

/**
 * Says why a delivery does not verify, or that it does: tries what really happens to secrets, bodies and signatures, and says
 * `unexplained` where nothing fits, as with a forgery. For a person at a terminal: never put it into an answer.
 */
export async function explain(
  delivery: { headers: HeadersInput; body: Uint8Array | string },
  settings: ExplainSettings,
): Promise<Explanation> {
  const { now: nowMs = Date.now(), toleranceSeconds = 300, maxEventAgeSeconds = 259_200 } = settings
  const provider = made(settings.provider)
  if (isWebhookError(provider)) return { cause: 'secret_invalid', sentence: provider.hint, code: provider.code }
  const body = toBytes(delivery.body)
  const verified = async () =>
    provider.verify({ headers: delivery.headers, body }, { nowMs, toleranceSeconds, maxEventAgeSeconds })
  const refused = await verified().then(
    () => undefined,
    (error: unknown) => error,
  )
  if (refused === undefined) return { cause: 'verified', sentence: 'It verifies: there is nothing wrong with it.' }
  if (!isWebhookError(refused)) throw refused
  const clues = provider.clues?.()
  const found =
    clues === undefined
      ? undefined
      : clues.proof === 'signature'
        ? await ofSignature(delivery.headers, body, clues, refused, { ...settings, now: nowMs })
        : await ofToken(body, clues)
  return { code: refused.code, ...(found ?? otherwise(refused)) }
}

function made(provider: ExplainSettings['provider']): Provider | WebhookError {
  if (typeof provider !== 'function') return provider
  try {
    return provider()
  } catch (error) {
    if (isWebhookError(error)) return error
    throw error
  }
}

type Found = Omit<Explanation, 'code'>
const because = (cause: keyof typeof sentences, more = ''): Found => ({ cause, sentence: sentences[cause] + more })

/** What was refused before or besides its signature says itself why. */
function otherwise({ code, hint }: WebhookError): Found {
  if (!/^(?:signature|token)_/.test(code)) return { cause: 'refused', sentence: hint }
  const sentence = 'Nothing explains it: a forgery, or signed with a secret that is not configured here.'
  return { cause: 'unexplained', sentence }
}

async function ofSignature(
  headers: HeadersInput,
  body: Uint8Array,
  clues: SignatureClues,
  refused: WebhookError,
  settings: ExplainSettings & { now: number },
): Promise<Found | undefined> {
  const header = clues.headers.map((name) => readHeader(headers, name)).find((value) => value !== undefined)
  if (header === undefined) return withoutHeader(headers)
  if (header.trim() === '') return because('signature_empty')
  if (header === 'test_signature') return because('signature_placeholder')
  if (body.length === 0) return because('body_empty')
  if (body.length > maxDiagnosedBytes) return undefined
  const timestamps = headerNames(headers)
    .filter((name) => name.includes('timestamp'))
    .map((name) => readHeader(headers, name) ?? '')
  const keys = suspects(clues, settings)
  const culprit = await findCulprit({ header, body, keys, signs: clues.signs, timestamps })
  if (culprit === undefined) return undefined
  const { causes, key } = culprit
  const [cause = causeOf(refused, timestamps), ...others] = causes
  if (cause === undefined) return undefined
  const sentence = [cause, ...others].map((each) => sentences[each as keyof typeof sentences]).join(' ')
  const about = cause === 'refused' || cause === 'clock_behind' || cause === 'delivered_late' ? ` ${refused.hint}` : ''
  return { cause, sentence: sentence + about, secretId: key.id, fingerprint: sha256Hex(key.bytes).slice(0, 8) }
}

/** The signature is right: what else is wrong? */
function causeOf({ code }: WebhookError, timestamps: readonly string[]): Cause {
  if (code === 'timestamp_too_old') return 'delivered_late'
  if (code === 'timestamp_in_future') return 'clock_behind'
  if (code === 'timestamp_malformed' && timestamps.some((time) => /^\d{13}$/.test(time))) return 'timestamp_in_ms'
  return 'refused'
}

function withoutHeader(headers: HeadersInput): Found {
  const other = headerNames(headers).find((name) => /signature|hmac/.test(name))
  if (other === undefined) return because('signature_missing')
  return because('other_provider', ` It came with \`${other.slice(0, 64)}\`.`)
}

function suspects(clues: SignatureClues, { otherSecrets, now }: ExplainSettings & { now: number }): SuspectKey[] {
  const configured = clues.keys.map(({ id, notAfterMs, reveal }): SuspectKey => {
    return { id, bytes: reveal(), ...(now > notAfterMs ? { cause: 'secret_expired' } : {}) }
  })
  const modes = new Set(clues.keys.map(({ mode }) => mode))
  const others = otherSecrets === undefined ? [] : parseSecrets('otherSecrets', otherSecrets)
  return [
    ...configured,
    ...others.map(({ id, bytes, mode }): SuspectKey => {
      const ofOtherMode = mode !== undefined && !modes.has(mode) && !modes.has(undefined)
      return { id, bytes, cause: ofOtherMode ? 'secret_mode' : 'secret_of_another' }
    }),
  ]
}

/** A look-up that refuses the payload has nothing to compare with. */
async function expectedOr(expected: TokenClues['expected'], payload: JsonObject) {
  try {
    return await expected(payload)
  } catch {
    return []
  }
}

async function ofToken(body: Uint8Array, { fields, expected }: TokenClues): Promise<Found | undefined> {
  let payload: ReturnType<typeof parseJsonObject>
  try {
    payload = parseJsonObject(body)
  } catch {
    return undefined
  }
  const [offered] = fields.map((field) => payload[field]).filter((value) => typeof value === 'string')
  if (offered === undefined || offered === '') return because('token_missing')
  const bare = offered
    .trim()
    .replace(/^["']|["']$/g, '')
    .trim()
  for (const { id, bytes } of await expectedOr(expected, payload)) {
    const right = (text: string) => equalSecrets(bytes, toBytes(text))
    const about = { secretId: id, fingerprint: sha256Hex(bytes).slice(0, 8) }
    if (right(offered)) return { ...because('secret_expired'), ...about }
    if (right(bare)) return { ...because('token_white_space'), ...about }
    const folded = toBytes(new TextDecoder().decode(bytes).toLowerCase())
    if (equalSecrets(folded, toBytes(bare.toLowerCase()))) return { ...because('token_case'), ...about }
  }
  return undefined
}
