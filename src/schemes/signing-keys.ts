import { createMacKey, macLength } from '#hmac'
import { decodeHex } from '../core/bytes'
import { readHeader } from '../core/headers'
import { parseSecrets, type SecretInput } from '../core/secrets'
import { WebhookError } from '../errors'
import type { Delivery, Evidence, SigningKey } from './scheme'

export interface SignatureSettings {
  /** Lower-case names of the headers that may carry the signature; a delivery carries one of them, once. */
  readonly headers: readonly string[]
  readonly keys: readonly SigningKey[]
}

/** More signatures than this in one header are no rotation but an attempt to make us compute. */
export const maxSignatures = 8

const maxHeaderLength = 1024

export function createSigningKeys(setting: string, secret: SecretInput): readonly SigningKey[] {
  return parseSecrets(setting, secret).map(({ id, notAfterMs, mode, bytes }) => ({
    id,
    notAfterMs,
    mode,
    mac: createMacKey(bytes),
    reveal: () => bytes,
  }))
}

/** The value of the one signature header of a delivery. */
export function readSignatureHeader(delivery: Delivery, names: readonly string[]): string {
  const values = new Set(names.map((name) => readHeader(delivery.headers, name)).filter((value) => value !== undefined))
  const [value] = values
  if (value === undefined || value === '') {
    throw new WebhookError('signature_missing', `No \`${names.join('` or `')}\` header. Does a proxy remove it?`)
  }
  if (values.size > 1) throw malformedSignature('It was sent under two names, with two values.')
  if (value === 'test_signature') {
    throw malformedSignature(
      "It is the literal text `test_signature` that the provider's test button or sample call sends: no secret can verify it. " +
        'Test with a delivery that is really signed.',
    )
  }
  if (value.length > maxHeaderLength) throw malformedSignature(`It is longer than ${maxHeaderLength} characters.`)
  return value
}

export function decodeSignature(hex: string): Uint8Array {
  const signature = decodeHex(hex, macLength)
  if (signature === undefined) throw malformedSignature('It must be 64 lower-case hex digits, once.')
  return signature
}

/**
 * Proves that one of the keys made one of the offered signatures over `content`: every live key in the order given
 * (newest first), one MAC each, stopping at a match.
 */
export async function proveSignature(
  keys: readonly SigningKey[],
  nowMs: number,
  content: readonly Uint8Array[],
  offered: readonly Uint8Array[],
): Promise<Evidence<undefined>> {
  for (const key of keys) {
    if (nowMs > key.notAfterMs) continue
    if (await key.mac.verify(content, offered)) {
      const mode = key.mode === undefined ? {} : { mode: key.mode }
      return { proof: { by: 'signature', coversBody: true, secretId: key.id, ...mode }, facts: undefined }
    }
  }
  throw new WebhookError(
    'signature_mismatch',
    'The signature was not made over these bytes with a configured secret: a forgery, another secret, or a body changed on its way.',
  )
}

export function malformedSignature(problem: string): WebhookError {
  return new WebhookError('signature_malformed', `The signature cannot be read. ${problem}`)
}
