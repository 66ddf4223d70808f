import { encodeHex, toBytes } from '../core/bytes'
import { WebhookError } from '../errors'
import type { Provider } from '../providers/provider'
import type { SignatureClues } from '../schemes/scheme'
import type { Pairs } from './shown'

/** Whether a delivery of this provider can be signed anew here. */
export function canSign(provider: Provider | undefined): boolean {
  return provider?.clues?.().proof === 'signature'
}

/**
 * The headers of a delivery with a new signature over `body`, made with the newest secret that is still valid, in the form
 * that was delivered. The time of the attempt becomes now, where a header or the signature gives one.
 */
export function signAnew(provider: Provider, headers: Pairs, body: Uint8Array, nowMs: number): Pairs {
  const clues = provider.clues?.()
  if (clues?.proof !== 'signature')
    throw new WebhookError('secret_unavailable', 'Deliveries of this provider are not signed: send it as it was.')
  const present = clues.headers.find((name) => headers.some(([key]) => key.toLowerCase() === name))
  const name = present ?? clues.headers[0] ?? ''
  const seconds = String(Math.floor(nowMs / 1000))
  const given = headers.find(([key]) => key.toLowerCase() === name)
  const signature = signatureOf(clues, given?.[1] ?? '', body, seconds, nowMs)
  const rest = headers
    .filter(([key]) => key.toLowerCase() !== name)
    .map(([key, value]) => [key, isAttemptTime(provider, key, value) ? seconds : value] as const)
  return [...rest, [given?.[0] ?? name, signature]]
}

function signatureOf(clues: SignatureClues, given: string, body: Uint8Array, seconds: string, nowMs: number): string {
  const key = clues.keys.find(({ notAfterMs }) => nowMs <= notAfterMs)
  if (key === undefined)
    throw new WebhookError('secret_unavailable', 'Every configured secret is past its `notAfter`: configure a new one.')
  const timestamped =
    clues.signs.includes('timestamp.body') && (/(?:^|,\s*)t=/.test(given) || !clues.signs.includes('body'))
  if (!timestamped) return encodeHex(key.mac.sign(body))
  return `t=${seconds},v1=${encodeHex(key.mac.sign(toBytes(`${seconds}.`), body))}`
}

/** Ten digits in a header that the provider reads are Unix seconds: the time of the attempt. */
function isAttemptTime({ headers }: Provider, name: string, value: string): boolean {
  return headers.includes(name.toLowerCase()) && /^\d{10}$/.test(value)
}
