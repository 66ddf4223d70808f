import { createMacKey, macLength } from '#hmac'
import { type Awaitable, andThen } from '../core/awaitable'
import { isHex } from '../core/bytes'
import { readHeader } from '../core/headers'
import { Refusal } from '../core/refusal'
import { parseSecrets, type SecretInput } from '../core/secrets'
import { WebhookError } from '../errors'
import type { Delivery, Evidence, SigningKey } from './scheme'

export interface SignatureSettings {
  /** Names of the headers that may carry the signature; a delivery carries one of them, once. */
  readonly headers: readonly string[]
  readonly keys: readonly SigningKey[]
}

/** Names as they are looked for, however somebody has written them. */
export function lowerCase(names: readonly string[]): readonly string[] {
  return names.map((name) => name.toLowerCase())
}

/** More signatures than this in one header are no rotation but an attempt to make us compute. */
export const maxSignatures = 8

const maxHeaderLength = 1024

export function createSigningKeys(setting: string, secret: SecretInput): readonly SigningKey[] {
  return parseSecrets(setting, secret).map(({ id, notAfterMs, mode, bytes }) => ({
    id,
    notAfterMs,
    mode,
    // The same for every delivery.
    evidence: Object.freeze({ proof: Object.freeze(proofBy(id, mode)), facts: undefined }),
    mac: createMacKey(bytes),
    reveal: () => bytes,
  }))
}

/** The value of the one signature header of a delivery. */
export function readSignatureHeader(delivery: Delivery, names: readonly string[]): string {
  const value = oneOf(names, delivery)
  if (value === undefined || value === '') {
    throw new WebhookError('signature_missing', `No \`${names.join('` or `')}\` header. Does a proxy remove it?`)
  }
  if (value === 'test_signature') {
    throw malformedSignature(
      "It is the literal text `test_signature` that the provider's test button or sample call sends: no secret can verify it. " +
        'Test with a delivery that is really signed.',
    )
  }
  if (value.length > maxHeaderLength) throw malformedSignature(`It is longer than ${maxHeaderLength} characters.`)
  return value
}

function oneOf(names: readonly string[], { headers }: Delivery): string | undefined {
  let found: string | undefined
  for (const name of names) {
    const value = readHeader(headers, name)
    if (found !== undefined && value !== undefined && value !== found)
      throw malformedSignature('It was sent under two names, with two values.')
    found ??= value
  }
  return found
}

export function assertSignature(signature: string): void {
  if (!isHex(signature, macLength)) throw malformedSignature(grammar)
}

/** Enough to know of the only one before it is compared: if it is not right, its digits are looked at then. */
export function assertSignatureLength(signature: string): void {
  if (signature.length !== 2 * macLength) throw malformedSignature(grammar)
}

const grammar = 'It must be 64 lower-case hex digits, once.'

/**
 * Proves that one of the keys made one of the offered signatures over `content`: every live key in the order given
 * (newest first), one MAC each, stopping at a match.
 */
export function proveSignature(
  keys: readonly SigningKey[],
  nowMs: number,
  content: readonly Uint8Array[],
  offered: readonly string[],
): Awaitable<Evidence<undefined> | Refusal> {
  return proveFrom(0, keys, nowMs, content, offered)
}

function proveFrom(
  index: number,
  ...[keys, nowMs, content, offered]: Parameters<typeof proveSignature>
): ReturnType<typeof proveSignature> {
  const key = keys[index]
  if (key === undefined) return offered.every((signature) => isHex(signature, macLength)) ? mismatch : malformed
  if (nowMs > key.notAfterMs) return proveFrom(index + 1, keys, nowMs, content, offered)
  return andThen(key.mac.verify(content, offered), (matches) =>
    matches ? key.evidence : proveFrom(index + 1, keys, nowMs, content, offered),
  )
}

const mismatch = new Refusal(
  'signature_mismatch',
  'The signature was not made over these bytes with a configured secret: a forgery, another secret, or a body changed on its way.',
)

const malformed = new Refusal('signature_malformed', unreadable(grammar))

function proofBy(secretId: string, mode: SigningKey['mode']): Evidence<undefined>['proof'] {
  const proof = { by: 'signature', coversBody: true, secretId } as const
  return mode === undefined ? proof : { ...proof, mode }
}

export function malformedSignature(problem: string): WebhookError {
  return new WebhookError('signature_malformed', unreadable(problem))
}

function unreadable(problem: string): string {
  return `The signature cannot be read. ${problem}`
}
