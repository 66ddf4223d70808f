import { answeredAtOnce } from '../core/at-once'
import { misconfigured, WebhookError } from '../errors'
import type { Claim, IdempotencyStore, Letter, Letters } from './store'

export interface MemoryStoreOptions {
  /** The most keys to remember, default 100,000. A full store refuses (503) rather than forget one too early. */
  maxRecords?: number
  /** A clock in milliseconds, for tests. The default never jumps. */
  now?: () => number
}

/**
 * Keeps keys in this process: for one process only, and forgotten when it ends.
 * With a second process, or where a restart must not repeat anything, use a store that is shared and durable.
 */
export function memoryStore({
  maxRecords = 100_000,
  now = () => performance.now(),
}: MemoryStoreOptions = {}): IdempotencyStore {
  if (!Number.isSafeInteger(maxRecords) || maxRecords < 1)
    throw misconfigured('memoryStore({ maxRecords })', 'must be a whole number above 0.')
  // Without a token: given back, and kept for the count and the letter.
  const leases = new Map<string, Lease>()
  // In the order of completion, which with one retention is the order of expiry.
  const doneUntilMs = new Map<string, number>()

  let granted = 0
  let forgotMs = Number.NEGATIVE_INFINITY
  let sweptMs = Number.NEGATIVE_INFINITY

  /** Not at every claim: a Map steps over all that was deleted before its first entry. */
  function forgetExpired(nowMs: number): void {
    if (nowMs - forgotMs < 1000) return
    forgotMs = nowMs
    for (const [key, untilMs] of doneUntilMs) {
      if (untilMs > nowMs) return
      doneUntilMs.delete(key)
    }
  }

  /** Two receivers with different retentions complete out of order of expiry: look at all, but not at every claim. */
  function makeRoom(nowMs: number): boolean {
    if (nowMs - sweptMs < 1000) return false
    sweptMs = nowMs
    for (const [key, untilMs] of doneUntilMs) if (untilMs <= nowMs) doneUntilMs.delete(key)
    for (const [key, { token, letter }] of leases) if (token === undefined && letter === undefined) leases.delete(key)
    return leases.size + doneUntilMs.size < maxRecords
  }

  return {
    volatile: true,
    claim: answeredAtOnce((key: string, leaseSeconds: number, letter?: string): Claim => {
      const nowMs = now()
      forgetExpired(nowMs)
      if ((doneUntilMs.get(key) ?? 0) > nowMs) return { state: 'completed' }
      const lease = leases.get(key)
      if (lease !== undefined && lease.untilMs > nowMs)
        return { state: 'in_progress', retryAfterSeconds: (lease.untilMs - nowMs) / 1000 }
      if (lease === undefined && leases.size + doneUntilMs.size >= maxRecords && !makeRoom(nowMs))
        throw full(maxRecords)
      const token = String(++granted)
      const attempt = (lease?.attempt ?? 0) + 1
      leases.set(key, { token, untilMs: nowMs + leaseSeconds * 1000, attempt, letter: letter ?? lease?.letter })
      return { state: 'acquired', token, attempt }
    }),
    async renew(key, token, leaseSeconds) {
      const lease = leases.get(key)
      if (lease?.token !== token) return false
      lease.untilMs = now() + leaseSeconds * 1000
      return true
    },
    complete: answeredAtOnce((key: string, token: string, retentionSeconds: number): boolean => {
      if (leases.get(key)?.token !== token) return false
      leases.delete(key)
      doneUntilMs.set(key, now() + retentionSeconds * 1000)
      return true
    }),
    async release(key, token, letter = leases.get(key)?.letter) {
      const lease = leases.get(key)
      if (lease?.token !== token) return false
      Object.assign(lease, { token: undefined, untilMs: 0, letter })
      return true
    },
    letters: lettersIn(leases, now),
  }
}

interface Lease {
  readonly token: string | undefined
  untilMs: number
  readonly attempt: number
  letter: string | undefined
}

function lettersIn(leases: ReadonlyMap<string, Lease>, now: () => number): Letters {
  const toLetter = (key: string): Letter | undefined => {
    const { letter: text, attempt: attempts = 0 } = leases.get(key) ?? {}
    return text === undefined ? undefined : { key, text, attempts }
  }
  const isIdle = (key: string): boolean => (leases.get(key)?.untilMs ?? 0) <= now()
  return {
    get: async (key) => toLetter(key),
    async list(prefix, after, limit) {
      const keys = [...leases.keys()].filter((key) => key.startsWith(prefix) && key > after && isIdle(key)).sort()
      return keys
        .map(toLetter)
        .filter((letter) => letter !== undefined)
        .slice(0, limit)
    },
    async discard(key) {
      const lease = leases.get(key)
      if (lease?.letter === undefined || !isIdle(key)) return false
      lease.letter = undefined
      return true
    },
  }
}

function full(maxRecords: number): WebhookError {
  return new WebhookError(
    'store_unavailable',
    `The memory store holds ${maxRecords} keys, all still needed. Raise maxRecords, or use a shared store.`,
  )
}
