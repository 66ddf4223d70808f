import { outsideTolerance, parseUnixSeconds } from '../core/freshness'
import { readHeader } from '../core/headers'
import { type Refusal, throwing } from '../core/refusal'
import { WebhookError } from '../errors'
import type { Delivery, ProofContext, Scheme } from './scheme'
import {
  assertSignatureLength,
  lowerCase,
  proveSignature,
  readSignatureHeader,
  type SignatureSettings,
} from './signing-keys'

export interface BodySignatureSettings extends SignatureSettings {
  /**
   * A header with the attempt's Unix seconds that the signature does not cover. Whoever replays a body can
   * refresh it, so it can only turn a delivery away, never vouch for one.
   */
  readonly unsignedTimestampHeader?: string
}

/** The signature is the lower-case hex HMAC-SHA256 of the raw body. */
export function bodySignature({ headers: names, keys, ...settings }: BodySignatureSettings): Scheme {
  const headers = lowerCase(names)
  const unsignedTimestampHeader = settings.unsignedTimestampHeader?.toLowerCase()
  return {
    headers: unsignedTimestampHeader === undefined ? headers : [...headers, unsignedTimestampHeader],
    prove: throwing((delivery, context) => {
      const signature = readSignatureHeader(delivery, headers)
      assertSignatureLength(signature)
      const stale = staleness(delivery, unsignedTimestampHeader, context)
      return stale ?? proveSignature(keys, context.nowMs, [delivery.body], [signature])
    }),
    clues: () => ({ proof: 'signature', headers, keys, signs: ['body'] }),
  }
}

function staleness(delivery: Delivery, name: string | undefined, context: ProofContext): Refusal | undefined {
  if (name === undefined) return undefined
  const value = readHeader(delivery.headers, name)
  if (value === undefined) throw new WebhookError('timestamp_missing', `No \`${name}\` header. Does a proxy remove it?`)
  return outsideTolerance(parseUnixSeconds(value), context.nowMs, context.toleranceSeconds)
}
