import { type Awaitable, andThen } from '../core/awaitable'
import { toBytes } from '../core/bytes'
import { outsideTolerance, parseUnixSeconds } from '../core/freshness'
import { Refusal, throwing } from '../core/refusal'
import { WebhookError } from '../errors'
import type { Delivery, Evidence, ProofContext, Scheme, SigningKey } from './scheme'
import {
  assertSignature,
  lowerCase,
  malformedSignature,
  maxSignatures,
  proveSignature,
  readSignatureHeader,
  type SignatureSettings,
} from './signing-keys'

/**
 * The header is `t=<unix seconds>,v1=<hex>[,v1=<hex>…]`, each `v1` an HMAC-SHA256 of `<t>.<raw body>`.
 * Here the attempt's time is signed, and its window is checked both ways.
 */
export function timestampedSignature({ headers: names, keys }: SignatureSettings): Scheme {
  const headers = lowerCase(names)
  return {
    headers,
    prove: throwing((delivery, context) =>
      proveTimestamped(readSignatureHeader(delivery, headers), keys, delivery, context),
    ),
    clues: () => ({ proof: 'signature', headers, keys, signs: ['timestamp.body'] }),
  }
}

/** Proves a delivery by the value of its header. */
export function proveTimestamped(
  header: string,
  keys: readonly SigningKey[],
  { body }: Delivery,
  { nowMs, toleranceSeconds }: ProofContext,
): Awaitable<Evidence<undefined> | Refusal> {
  const { timestamp, signatures } = parseHeader(header)
  const stale = outsideTolerance(parseUnixSeconds(timestamp), nowMs, toleranceSeconds)
  if (stale !== undefined) return stale
  const proven = proveSignature(keys, nowMs, [toBytes(`${timestamp}.`), body], signatures)
  return andThen(proven, (evidence) =>
    evidence instanceof Refusal ? evidence : { proof: evidence.proof, facts: evidence.facts, attemptTimeSigned: true },
  )
}

/** One time and one signature, as nearly every delivery has them: taking a header apart takes longer. */
const usual = /^t=(\d+),v1=([\da-f]{64})$/

function parseHeader(header: string): { timestamp: string; signatures: string[] } {
  const [, time, signature] = usual.exec(header) ?? []
  if (time !== undefined && signature !== undefined) return { timestamp: time, signatures: [signature] }
  const timestamps: string[] = []
  const signatures: string[] = []
  for (const item of header.split(/, ?/)) {
    const [, name, value = ''] = /^(t|v\d+)=(\w*)$/.exec(item) ?? []
    if (name === undefined) throw malformedSignature('Expected `t=<unix seconds>,v1=<hex>`.')
    if (name === 't') timestamps.push(value)
    else if (name === 'v1') {
      assertSignature(value)
      signatures.push(value)
    }
  }
  const [timestamp, ...others] = timestamps
  if (timestamp === undefined) throw new WebhookError('timestamp_missing', 'The signature header has no `t=`.')
  if (others.length > 0) throw malformedSignature('It gives `t=` twice.')
  if (signatures.length === 0) throw malformedSignature('It has no `v1=`.')
  if (signatures.length > maxSignatures) throw malformedSignature(`It offers more than ${maxSignatures} signatures.`)
  return { timestamp, signatures }
}
