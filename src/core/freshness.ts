import { WebhookError } from '../errors'
import { Refusal } from './refusal'

/** Parses Unix seconds as a header carries them: ten digits and nothing else. Returns milliseconds. */
export function parseUnixSeconds(text: string): number {
  if (!/^[1-9]\d{9}$/.test(text)) throw malformed('It must be Unix seconds: ten digits.')
  return Number(text) * 1000
}

/** Parses a JSON number of Unix seconds; milliseconds (13 digits) too where the provider is known to send them. */
export function parseEpoch(value: unknown, units: 'seconds' | 'seconds or milliseconds'): number {
  if (value === undefined || value === null) throw missing()
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw malformed('It must be a whole number.')
  if (value >= 1e12 && value < 1e13 && units !== 'seconds') return value
  if (value >= 1e9 && value < 1e10) return value * 1000
  throw malformed('It must be Unix seconds: ten digits.')
}

const isoGrammar = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** Parses ISO 8601 with a zone and a date that exists. Returns milliseconds. */
export function parseIsoTime(value: unknown): number {
  if (value === undefined || value === null) throw missing()
  const parts = typeof value === 'string' ? isoGrammar.exec(value) : null
  const ms = parts === null ? Number.NaN : Date.parse(parts[0])
  if (parts === null || Number.isNaN(ms) || !dayExists(Number(parts[1]), Number(parts[2]), Number(parts[3]))) {
    throw malformed('It must be ISO 8601 with a time zone.')
  }
  return ms
}

/** `Date.parse` turns 30 February into 1 March. */
function dayExists(year: number, month: number, day: number): boolean {
  return day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** Why a time is refused that is more than `toleranceSeconds` before or after now, exact to the second. */
export function outsideTolerance(timeMs: number, nowMs: number, toleranceSeconds: number): Refusal | undefined {
  return outsideWindow(timeMs, nowMs, toleranceSeconds, toleranceSeconds)
}

/** Why a time is refused that is more than so many seconds before or after now. */
export function outsideWindow(
  timeMs: number,
  nowMs: number,
  maxAgeSeconds: number,
  maxAheadSeconds: number,
): Refusal | undefined {
  const ageSeconds = wholeSeconds(nowMs) - wholeSeconds(timeMs)
  if (ageSeconds > maxAgeSeconds) {
    return new Refusal(
      'timestamp_too_old',
      `The timestamp is ${ageSeconds} s old; at most ${maxAgeSeconds} s are allowed.`,
    )
  }
  if (-ageSeconds > maxAheadSeconds) {
    return new Refusal(
      'timestamp_in_future',
      `The timestamp is ${-ageSeconds} s ahead; at most ${maxAheadSeconds} s are allowed. Check this machine's clock (NTP).`,
    )
  }
  return undefined
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function missing(): WebhookError {
  return new WebhookError(
    'timestamp_missing',
    'The delivery carries no timestamp where this provider always sends one.',
  )
}

function malformed(rule: string): WebhookError {
  return new WebhookError('timestamp_malformed', `The timestamp cannot be read. ${rule}`)
}
