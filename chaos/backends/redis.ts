import { Redis } from 'ioredis'
import { redisStore } from '../../src/stores/redis'
import { recordOf } from '../../src/stores/redis-scripts'
import { type Backend, effectsOf, type Where } from './backend'

const states: Readonly<Record<string, string>> = { b: 'busy', f: 'free', d: 'done' }

export function openRedis(where: Where): Backend {
  const client = new Redis(where.url)
  client.on('error', () => {})
  const prefix = `${where.name}:`
  const effects = effectsOf(where)
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
      const records = await Promise.all(keys.map((key) => client.get(recordOf(prefix, key))))
      return records.map((record) => {
        const [, state, granted] = /^([bfd]).*:(\d+)/.exec(record ?? '') ?? []
        return state === undefined ? undefined : { state: states[state] ?? state, granted: Number(granted) }
      })
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
