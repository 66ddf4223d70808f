import { sha256Hex } from '#hmac'
import { toBytes } from '../core/bytes'
import { misconfigured, WebhookError } from '../errors'
import { claimScript, completeScript, discardScript, letterScript, releaseScript, renewScript } from './redis-scripts'
import { abandonedSeconds, asked, assertKey, type Claim, type IdempotencyStore, type Letter, toMs } from './store'

/** ioredis, node-redis, or a function that sends one command and gives its answer. */
export type RedisClient =
  | { call(command: string, ...args: string[]): Promise<unknown> }
  | { sendCommand(args: string[]): Promise<unknown> }
  | ((args: string[]) => Promise<unknown>)

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
 * Keeps keys in Redis 6 or newer, one hash a key, each call one script and one round trip, but for an index
 * of the keys that have letters. Safe in a Cluster: a key is in one slot. At the first claim it reads `INFO` and warns unless AOF is on and nothing is evicted.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): IdempotencyStore {
  const {
    prefix = 'payproof:',
    waitReplicas = 0,
    waitMs = 100,
    warn = (text) => console.warn(`payproof: ${text}`),
  } = options
  if (!Number.isSafeInteger(waitReplicas) || waitReplicas < 0)
    throw misconfigured('redisStore: waitReplicas', 'must be a whole number, 0 or more.')
  const send = sender(client)
  const hashes = new Map<string, string>()
  let checked = false

  async function run(script: string, key: string, ...args: (string | number)[]): Promise<unknown[]> {
    assertKey(key)
    const answer = await evaluate(script, ['1', slotOf(key), ...args.map(String)])
    return Array.isArray(answer) ? answer : [answer]
  }

  /** Hashed, so that the braces of a Cluster's slot are ours alone. */
  const slotOf = (key: string) => `${prefix}{${sha256Hex(toBytes(key))}}`

  /** By hash; the text is sent when the server does not know it, after a restart or a failover. */
  async function evaluate(script: string, rest: string[]): Promise<unknown> {
    const hash = hashes.get(script)
    if (hash !== undefined) {
      try {
        return await send(['EVALSHA', hash, ...rest])
      } catch (error) {
        if (!String(error).includes('NOSCRIPT')) throw error
      }
    }
    const answer = await send(['EVAL', script, ...rest])
    // The answer stands whether or not the script can be called by its hash next time.
    await send(['SCRIPT', 'LOAD', script]).then(
      (loaded) => hashes.set(script, String(loaded)),
      () => {},
    )
    return answer
  }

  /** Keys that have letters, or had: of one score, so that they are in the order of their bytes. */
  const index = `${prefix}letters`
  async function keysAfter(prefix: string, after: string, limit: number): Promise<string[]> {
    const from = after >= prefix ? `(${after}` : `[${prefix}`
    const keys = await send(['ZRANGEBYLEX', index, from, `(${prefix}\x7f`, 'LIMIT', '0', String(limit)])
    return (keys as unknown[]).map(String)
  }

  /** Writes a letter and its entry in the index, one right behind the other. */
  async function listed(letter: string, key: string, write: () => Promise<unknown[]>): Promise<unknown[]> {
    if (letter === '') return write()
    const [answer] = await Promise.all([write(), send(['ZADD', index, '0', key])])
    return answer
  }

  /** Best effort: an entry whose letter is gone is found when letters are listed. */
  function unlist(key: string): void {
    send(['ZREM', index, key]).catch(() => {})
  }

  /** The letter of an entry, unless somebody handles it. An entry without one goes, but not if one comes meanwhile. */
  async function listing(key: string): Promise<Letter | undefined> {
    if ((await run(letterScript, key, 'any')).length === 0) {
      await send(['ZREM', index, key])
      if ((await run(letterScript, key, 'any')).length > 0) await send(['ZADD', index, '0', key])
    }
    return toLetter(key, await run(letterScript, key, 'idle'))
  }

  async function replicated(): Promise<void> {
    if (waitReplicas === 0) return
    const reached = Number(await send(['WAIT', String(waitReplicas), String(waitMs)]))
    if (reached >= waitReplicas) return
    throw new WebhookError('store_unavailable', `Only ${reached} of ${waitReplicas} Redis replicas have the key.`)
  }

  /** A claim that is refused must not block the event until its lease ends. */
  async function replicatedOrGivenBack(key: string, token: string): Promise<void> {
    try {
      await replicated()
    } catch (error) {
      await run(releaseScript, key, token, '')
      throw error
    }
  }

  async function checkOnce(): Promise<void> {
    if (checked) return
    checked = true
    const info = String(await send(['INFO']).catch(() => ''))
    if (/aof_enabled:0/.test(info))
      warn('Redis runs without AOF: a crash forgets which events were handled. Set `appendonly yes`.')
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1]
    if (policy !== undefined && policy !== 'noeviction') {
      warn(`Redis may evict keys (maxmemory-policy ${policy}): an event could be handled twice. Set \`noeviction\`.`)
    }
  }

  return {
    async claim(key, leaseSeconds, letter = '') {
      void checkOnce()
      const token = crypto.randomUUID()
      const answer = await listed(letter, key, () =>
        run(claimScript, key, token, toMs(leaseSeconds), toMs(abandonedSeconds), letter),
      )
      const claim = toClaim(answer, token)
      if (claim.state === 'acquired') await replicatedOrGivenBack(key, token)
      else if (claim.state === 'completed' && letter !== '') unlist(key)
      return claim
    },
    async renew(key, token, leaseSeconds) {
      return (await run(renewScript, key, token, toMs(leaseSeconds)))[0] === 1
    },
    async complete(key, token, retentionSeconds) {
      const [done, letters] = await run(completeScript, key, token, toMs(retentionSeconds))
      if (done !== 1) return false
      if (letters === 1) unlist(key)
      await replicated()
      return true
    },
    async release(key, token, letter = '') {
      const [released] = await listed(letter, key, () => run(releaseScript, key, token, letter))
      if (released === 1 && letter !== '') await replicated()
      return released === 1
    },
    letters: {
      get: async (key) => toLetter(key, await run(letterScript, key, 'any')),
      async list(prefix, after, limit) {
        const found: Letter[] = []
        let last = after
        while (found.length < limit) {
          const keys = await keysAfter(prefix, last, limit)
          const letters = await Promise.all(keys.map(listing))
          found.push(...letters.filter((letter) => letter !== undefined))
          last = keys.at(-1) ?? ''
          if (keys.length < limit) break
        }
        return found.slice(0, limit)
      },
      // Its entry in the index goes when it is listed next: taken out now, it could be that of a new letter.
      discard: async (key) => (await run(discardScript, key))[0] === 1,
    },
  }
}

function toLetter(key: string, [text, attempts]: unknown[]): Letter | undefined {
  return text === undefined || text === null ? undefined : { key, text: String(text), attempts: Number(attempts) }
}

function toClaim([state, number]: unknown[], token: string): Claim {
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

function sender(client: RedisClient): (args: string[]) => Promise<unknown> {
  if (typeof client === 'function') return (args) => asked(() => client(args))
  if (typeof client === 'object' && client !== null) {
    // ioredis has both; its sendCommand takes a command object.
    if ('call' in client) return ([command = '', ...args]) => asked(() => client.call(command, ...args))
    if ('sendCommand' in client) return (args) => asked(() => client.sendCommand(args))
  }
  throw misconfigured(
    'redisStore(client)',
    'must be a client of ioredis or node-redis, or a function that sends one command.',
  )
}
