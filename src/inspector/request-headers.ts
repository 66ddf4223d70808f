import type { HeadersInput } from '../index'
import { lasting, type WebhookRequest } from '../request'
import type { Pairs } from './shown'

/** Headers that give their pairs once are read here, and their pairs handed over. */
export function readOnce(request: WebhookRequest): WebhookRequest {
  try {
    return lasting(request)
  } catch (error) {
    const thrown = (): never => {
      throw error
    }
    return Object.defineProperty({ headers: {}, body: '' }, 'headers', { get: thrown })
  }
}

/** All headers, each value a pair of its own. */
export function pairsOf(headers: HeadersInput): Pairs {
  if (typeof headers !== 'object' || headers === null) return []
  return entriesOf(headers).flatMap(([name, value]: readonly [string, unknown]) =>
    (Array.isArray(value) ? value : [value])
      .filter((each) => typeof each === 'string')
      .map((each) => [String(name), each] as const),
  )
}

/** None of what gives its pairs but once: they are the receiver's. */
function entriesOf(headers: Exclude<HeadersInput, undefined>): (readonly [string, unknown])[] {
  if (!(Symbol.iterator in headers)) return Object.entries(headers)
  const pairs = headers[Symbol.iterator]()
  return pairs === headers[Symbol.iterator]() ? [] : [...headers]
}
