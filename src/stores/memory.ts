import { misconfigured, WebhookError } from '../errors'
import { answeredAtOnce } from './at-once'
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
  // What is begun, and until when what is done is remembered: that in the order of expiry, as a rule. One map, since each costs a claim as
  // much as all else that is done for it.
  const records = new Map<string, Lease | number>()

  let granted = 0
  let forgotMs = Number.NEGATIVE_INFINITY
  let sweptMs = Number.NEGATIVE_INFINITY

  /** Not at every claim: a Map steps over all that was deleted before its first entry. */
  function forgetExpired(nowMs: number): void {
    if (nowMs - forgotMs < 1000) return
    forgotMs = nowMs
    let leases = 0
    for (const [key, record] of records) {
      if (typeof record !== 'number') {
        if (++leases === maxLeasesPassed) return
        continue
      }
      if (record > nowMs) return
      records.delete(key)
    }
  }

  /** Two receivers with different retentions complete out of order of expiry: look at all, but not at every claim. */
  function makeRoom(nowMs: number): boolean {
    if (nowMs - sweptMs < 1000) return false
    sweptMs = nowMs
    for (const [key, record] of records) if (isSpent(record, nowMs)) records.delete(key)
    return records.size < maxRecords
  }

  function heldBy(key: string, token: string): Lease | undefined {
    const record = records.get(key)
    return typeof record === 'object' && record.token === token ? record : undefined
  }

  return {
    volatile: true,
    claim: answeredAtOnce((key: string, leaseSeconds: number, letter?: string): Claim => {
      const nowMs = now()
      forgetExpired(nowMs)
      const record = records.get(key)
      if (typeof record === 'number' && record > nowMs) return { state: 'completed' }
      const before = leaseIn(record)
      if (before !== undefined && before.untilMs > nowMs)
        return { state: 'in_progress', retryAfterSeconds: (before.untilMs - nowMs) / 1000 }
      if (record === undefined && records.size >= maxRecords && !makeRoom(nowMs)) throw full(maxRecords)
      const token = String(++granted)
      const attempt = (before?.attempt ?? 0) + 1
      records.set(copied(key), {
        token,
        untilMs: nowMs + leaseSeconds * 1000,
        attempt,
        letter: letter ?? before?.letter,
      })
      return { state: 'acquired', token, attempt }
    }),
    async renew(key, token, leaseSeconds) {
      const lease = heldBy(key, token)
      if (lease === undefined) return false
      lease.untilMs = now() + leaseSeconds * 1000
      return true
    },
    complete: answeredAtOnce((key: string, token: string, retentionSeconds: number): boolean => {
      const lease = heldBy(key, token)
      if (lease === undefined) return false
      const untilMs = now() + retentionSeconds * 1000
      // Begun long before: in its old place it would keep from being forgotten what stands behind it.
      const moves = lease.attempt > 1 && records.delete(key)
      records.set(moves ? copied(key) : key, untilMs)
      return true
    }),
    async release(key, token, letter) {
      const lease = heldBy(key, token)
      if (lease === undefined) return false
      Object.assign(lease, { token: undefined, untilMs: 0, letter: letter ?? lease.letter })
      return true
    },
    letters: lettersIn(records, now),
  }
}

/** Letters may stand there by the thousand. What is behind so many is forgotten when the store is full. */
const maxLeasesPassed = 1000

/** Engines put texts together, and cut them out of others, without copying: a key that is kept would hold on to the body that it came from. */
function copied(key: string): string {
  return ` ${key}`.slice(1)
}

/** Without a token: given back, and kept for the count and the letter. */
interface Lease {
  readonly token: string | undefined
  untilMs: number
  readonly attempt: number
  letter: string | undefined
}

function leaseIn(record: Lease | number | undefined): Lease | undefined {
  return typeof record === 'object' ? record : undefined
}

function isSpent(record: Lease | number, nowMs: number): boolean {
  if (typeof record === 'number') return record <= nowMs
  return record.token === undefined && record.letter === undefined
}

function lettersIn(records: ReadonlyMap<string, Lease | number>, now: () => number): Letters {
  return {
    async get(key) {
      const { letter: text, attempt: attempts = 0 } = leaseIn(records.get(key)) ?? {}
      return text === undefined ? undefined : { key, text, attempts }
    },
    async list(prefix, after, limit) {
      const nowMs = now()
      const letters: Letter[] = []
      for (const [key, record] of records) {
        if (typeof record === 'number' || record.letter === undefined || record.untilMs > nowMs) continue
        if (key.startsWith(prefix) && key > after) letters.push({ key, text: record.letter, attempts: record.attempt })
      }
      return letters.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit)
    },
    async discard(key) {
      const lease = leaseIn(records.get(key))
      if (lease?.letter === undefined || lease.untilMs > now()) return false
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
