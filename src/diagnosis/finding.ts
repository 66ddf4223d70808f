import { sha256Hex } from '#hmac'
import { type Cause, sentences } from './variants'

/** Why a delivery does not verify. Holds no secret and nothing of the body. */
export interface Finding {
  readonly cause: Cause
  /** What is wrong and what to do, for a person. */
  readonly sentence: string
  /** Which secret signed it, and the first digits of that secret's SHA-256, to compare without showing it. */
  readonly secretId?: string
  readonly fingerprint?: string
}

export function because(cause: keyof typeof sentences, more = ''): Finding {
  return { cause, sentence: sentences[cause] + more }
}

/** By which a person tells secrets apart that must not be shown. */
export function aboutSecret(id: string, bytes: Uint8Array): Pick<Finding, 'secretId' | 'fingerprint'> {
  return { secretId: id, fingerprint: sha256Hex(bytes).slice(0, 8) }
}
