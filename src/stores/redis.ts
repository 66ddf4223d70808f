import { misconfigured, WebhookError } from '../errors'
import { type RedisClient, type Send, scriptRunner, senderOf } from './redis-client'
import { redisLetters } from './redis-letters'
import { claimNew, claimScript, completeScript, recordOf, releaseScript, renewScript } from './redis-scripts'
import { assertKey, type Claim, type IdempotencyStore, toMs } from './store'

export type { RedisClient } from './redis-client'

export interface RedisStoreOptions {
  /** Stands before every key, default `payproof:`. */
  prefix?: string
  /** A claim or completion counts only once so many replicas have it: narrows what a failover can lose. Default 0. */
  waitReplicas?: number
  /** How long to wait for the replicas, default 100 ms. */
  waitMs?: number
  /** Told what of the server's settings can lose keys; the default writes to the console. */
  warn?: (warning: string) => void
}

/**
 * Keeps keys in Redis 6 or newer, one string a key, each call one round trip: only an event that was begun before and is not done
 * takes two to claim. Besides there is an index of the keys that have letters. Safe in a Cluster: a key is in one slot. At the first
 * claim it reads `INFO` and warns unless AOF is on and nothing is evicted.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): IdempotencyStore {
  const { prefix = 'payproof:', waitReplicas = 0, waitMs = 100 } = options
  const { warn = (text) => console.warn(`payproof: ${text}`) } = options
  if (!Number.isSafeInteger(waitReplicas) || waitReplicas < 0)
    throw misconfigured('redisStore: waitReplicas', 'must be a whole number, 0 or more.')
  // Redis takes 0 for: without end, and everybody who uses the connection waits along.
  if (!Number.isSafeInteger(waitMs) || waitMs < 1)
    throw misconfigured('redisStore: waitMs', 'must be a whole number of milliseconds, 1 or more.')
  const send = senderOf(client)
  const run = scriptRunner(send)
  const { listed, unlist, ...letters } = redisLetters(prefix, send, run)
  let checked = false
  /** Before Redis 7, `SET` takes NX or GET and not both. */
  let setsAndGets = true

  async function claimQuickly(key: string, token: string, leaseMs: number): Promise<Claim | undefined> {
    try {
      const found = await send(claimNew(recordOf(prefix, key), token, leaseMs))
      if (found === null) return { state: 'acquired', token, attempt: 1 }
      return String(found).startsWith('d:') ? { state: 'completed' } : undefined
    } catch (error) {
      if (!String(error).includes('syntax error')) throw error
      setsAndGets = false
      return undefined
    }
  }

  async function claimAny(key: string, token: string, leaseMs: number, letter: string): Promise<Claim> {
    const claim = await listed(letter, key, async () =>
      toClaim(await run(claimScript, recordOf(prefix, key), token, String(leaseMs), letter), token),
    )
    if (claim.state === 'completed' && letter !== '') unlist(key)
    return claim
  }

  async function replicated(): Promise<void> {
    const reached = Number(await send(['WAIT', String(waitReplicas), String(waitMs)]))
    if (reached >= waitReplicas) return
    throw new WebhookError('store_unavailable', `Only ${reached} of ${waitReplicas} Redis replicas have the key.`)
  }

  /** A claim that is refused must not block the event until its lease ends. */
  async function orGivenBack<T>(key: string, token: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      await run(releaseScript, recordOf(prefix, key), token, '').catch(() => {})
      throw error
    }
  }

  return {
    async claim(key, leaseSeconds, letter = '') {
      assertKey(key)
      if (!checked) void warnOfSettings(send, warn)
      checked = true
      const token = crypto.randomUUID()
      const leaseMs = toMs(leaseSeconds)
      const quick = setsAndGets && letter === '' ? await claimQuickly(key, token, leaseMs) : undefined
      const claim = quick ?? (await orGivenBack(key, token, () => claimAny(key, token, leaseMs, letter)))
      if (claim.state === 'acquired' && waitReplicas > 0) await orGivenBack(key, token, replicated)
      return claim
    },
    async renew(key, token, leaseSeconds) {
      return Number(await run(renewScript, recordOf(prefix, key), token, String(toMs(leaseSeconds)))) === 1
    },
    async complete(key, token, retentionSeconds) {
      const done = Number(await run(completeScript, recordOf(prefix, key), token, String(toMs(retentionSeconds))))
      if (done === 2) unlist(key)
      if (done !== 0 && waitReplicas > 0) await replicated()
      return done !== 0
    },
    async release(key, token, letter = '') {
      const released = await listed(letter, key, () => run(releaseScript, recordOf(prefix, key), token, letter))
      if (Number(released) !== 1) return false
      if (letter !== '' && waitReplicas > 0) await replicated()
      return true
    },
    letters,
  }
}

function toClaim(answer: unknown, token: string): Claim {
  const [state, number] = answer as unknown[]
  switch (String(state)) {
    case 'acquired':
      return { state: 'acquired', token, attempt: Number(number) }
    case 'in_progress':
      return { state: 'in_progress', retryAfterSeconds: Number(number) / 1000 }
    case 'completed':
      return { state: 'completed' }
  }
  throw new Error('Redis answered a claim with none of the states there are.')
}

async function warnOfSettings(send: Send, warn: (warning: string) => void): Promise<void> {
  const info = String(await send(['INFO']).catch(() => ''))
  if (/aof_enabled:0/.test(info))
    warn('Redis runs without AOF: a crash forgets which events were handled. Set `appendonly yes`.')
  const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1]
  if (policy !== undefined && policy !== 'noeviction')
    warn(`Redis may evict keys (maxmemory-policy ${policy}): an event could be handled twice. Set \`noeviction\`.`)
}
