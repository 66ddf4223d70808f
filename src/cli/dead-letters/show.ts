import { isCredential } from '../../core/credentials'
import { isJsonObject, parseJson } from '../../core/json'
import type { DeadLetter } from '../../dead-letters'
import { inert } from '../terminal'

/** What is known of a letter without looking into it. */
export function summaryOf({ provider, account, id, wireType, attempts, reason, receivedAt, rawBody }: DeadLetter) {
  return {
    provider,
    account,
    id,
    type: wireType,
    attempts,
    reason: reason ?? 'process_ended',
    receivedAt: receivedAt.toISOString(),
    bytes: rawBody.length,
  }
}

/** The letter with its headers and body as they may be shown: no token, and nothing of a person unless `full`. */
export function contentsOf(letter: DeadLetter, full: boolean): { headers: Record<string, string>; body: unknown } {
  const headers = Object.entries(letter.headers).map(([name, value]) => [name, shownHeader(name, value)])
  return { headers: Object.fromEntries(headers), body: shownBody(letter.rawBody, full) }
}

const isHidden = (name: string) => isCredential(name) || /signature/i.test(name)

function shownHeader(name: string, value: string): string {
  return isHidden(name) ? `${value.slice(0, 4)}… (${value.length} characters)` : value
}

function shownBody(bytes: Uint8Array, full: boolean): unknown {
  try {
    return shown(parseJson(bytes), full, '')
  } catch {
    // It may hold a token: no reader could find it.
    return `No JSON: ${bytes.length} bytes, not shown.`
  }
}

/** What names an event, a payment or an order, and says how much: nothing of a person. */
const harmless = new RegExp(
  `^(?:${[
    'id|type|event|status|network|live_?mode|currency|(?:transaction|tx)_(?:hash|id)',
    'created|created_at|created_at_t|timestamp|amount|amount_(?:kas|usd)|(?:price|pay)_(?:amount|currency)',
    '(?:payment|order|merchant|merchant_order|product|plan|subscription|invoice|refund)_?id',
  ].join('|')})$`,
  'i',
)

function shown(value: unknown, full: boolean, key: string): unknown {
  if (isHidden(key)) return '(hidden)'
  if (Array.isArray(value)) return value.map((item) => shown(item, full, key))
  if (isJsonObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner, full, name)]))
  return full || value === null || typeof value === 'boolean' || harmless.test(key) ? value : cut(value)
}

function cut(value: unknown): string {
  const text = String(value)
  return text.length <= 2 ? '…' : `${inert(text.slice(0, 2), 8)}… (${text.length} characters)`
}
