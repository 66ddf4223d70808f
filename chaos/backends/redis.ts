import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { redisStore } from '../../src/stores/redis'
import { type Backend, effectsOf, type Where } from './backend'

export function openRedis(where: Where): Backend {
  const client = new Redis(where.url)
  client.on('error', () => {})
  const prefix = `${where.name}:`
  const effects = effectsOf(where)
  const slotOf = (key: string) => `${prefix}{${createHash('sha256').update(key).digest('hex')}}`
  return {
    store: redisStore(client, { prefix, warn: () => {} }),
    async prepare() {
      await client.ping()
    },
    async effect(id) {
      await client.rpush(effects, id)
    },
    effects: () => client.lrange(effects, 0, -1),
    async kept(keys) {
      const answers = await Promise.all(keys.map((key) => client.hmget(slotOf(key), 's', 'n')))
      return answers.map(([state, granted]) =>
        typeof state === 'string' ? { state, granted: Number(granted) } : undefined,
      )
    },
    async clear() {
      for await (const keys of client.scanStream({ match: `${where.name}*`, count: 1000 })) {
        if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]))
      }
    },
    async close() {
      client.disconnect()
    },
  }
}
