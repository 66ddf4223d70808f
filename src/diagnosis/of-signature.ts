import { type HeadersInput, headerNames, readHeader } from '../core/headers'
import type { Secret } from '../core/secrets'
import type { WebhookError } from '../errors'
import type { SignatureClues } from '../schemes/scheme'
import { aboutSecret, because, type Finding } from './finding'
import { maxDiagnosedBytes } from './macs'
import { findCulprit, type SuspectKey } from './signature'
import { type Cause, sentences } from './variants'

export interface SignedDelivery {
  readonly headers: HeadersInput
  readonly body: Uint8Array
  readonly clues: SignatureClues
  /** Lower-case names of the headers that the provider reads. */
  readonly read: readonly string[]
  readonly refused: WebhookError
  readonly others: readonly Secret[]
  readonly nowMs: number
}

/** Why a delivery with a signature does not verify; `undefined` where nothing fits. */
export async function findSignatureCause(delivery: SignedDelivery): Promise<Finding | undefined> {
  const { headers, body, clues, refused } = delivery
  const header = clues.headers.map((name) => readHeader(headers, name)).find((value) => value !== undefined)
  if (header === undefined) return ofOtherProvider(headers) ?? because('signature_missing')
  if (header.trim() === '') return because('signature_empty')
  if (header === 'test_signature') return because('signature_placeholder')
  if (body.length === 0) return because('body_empty')
  const timestamps = timestampsIn(headers, delivery.read)
  const culprit = await findCulprit({ header, body, keys: suspects(delivery), signs: clues.signs, timestamps })
  if (culprit === undefined) return body.length > maxDiagnosedBytes ? because('body_too_large') : undefined
  const { causes, key } = culprit
  const [cause = causeOf(refused, timestamps), ...others] = causes
  const sentence = [cause, ...others].map((each) => sentences[each as keyof typeof sentences]).join(' ')
  const about = cause === 'refused' || cause === 'clock_behind' || cause === 'delivered_late' ? ` ${refused.hint}` : ''
  return { cause, sentence: sentence + about, ...aboutSecret(key.id, key.bytes) }
}

/** The signature is right: what else is wrong? */
function causeOf({ code }: WebhookError, timestamps: readonly string[]): Cause {
  if (code === 'timestamp_too_old') return 'delivered_late'
  if (code === 'timestamp_in_future') return 'clock_behind'
  if (code === 'timestamp_malformed' && timestamps.some((time) => /^\d{13}$/.test(time))) return 'timestamp_in_ms'
  return 'refused'
}

/** Whose proof is not in the headers that came with it; `undefined` where no other signature is there either. */
export function ofOtherProvider(headers: HeadersInput): Finding | undefined {
  const other = headerNames(headers).find((name) => /signature|hmac/.test(name))
  if (other === undefined) return undefined
  // A header may be called anything, in a report it may not.
  return because('other_provider', /^[\w-]{1,64}$/.test(other) ? ` It came with \`${other}\`.` : '')
}

const maxLooked = 8
const maxOthers = 2

/** Times that may have been signed: from headers that the provider reads, and a few others, for a stranger may send a thousand. */
function timestampsIn(headers: HeadersInput, read: readonly string[]): string[] {
  const textOf = (name: string) => readHeader(headers, name) ?? ''
  const own = read.filter((name) => name.includes('timestamp')).map(textOf)
  const others = headerNames(headers)
    .filter((name) => name.includes('timestamp') && !read.includes(name))
    .slice(0, maxLooked)
    .map(textOf)
    .filter((value) => value.length <= 20)
  const short = own.filter((value) => value.length <= 40)
  return [...new Set([...short, ...[...new Set(others)].slice(0, maxOthers)])].filter((value) => value !== '')
}

function suspects({ clues, others, nowMs }: SignedDelivery): SuspectKey[] {
  const configured = clues.keys.map(({ id, notAfterMs, reveal }): SuspectKey => {
    return { id, bytes: reveal(), ...(nowMs > notAfterMs ? { cause: 'secret_expired' } : {}) }
  })
  const modes = new Set(clues.keys.map(({ mode }) => mode))
  return [...configured, ...others.map(({ id, bytes, mode }) => ({ id, bytes, cause: causeOfOther(mode, modes) }))]
}

/** What it means that another secret fits, of the mode that the settings say. */
export function causeOfOther(
  mode: Secret['mode'],
  configured: ReadonlySet<Secret['mode']>,
): 'secret_mode' | 'secret_of_another' {
  const isOfOther = mode !== undefined && configured.size > 0 && !configured.has(mode) && !configured.has(undefined)
  return isOfOther ? 'secret_mode' : 'secret_of_another'
}
