import { Redis } from 'ioredis'
import { postgresStore } from 'payproof/stores/postgres'
import { redisStore } from 'payproof/stores/redis'
import { openPool } from './candidates'
import type { Shop } from './deliveries'

/** Effects of handlers that write elsewhere: no failover of the store undoes them. */
type Done = Map<string, number>

export function redisShop(url: string, waitReplicas: number, done: Done = new Map()): Shop & { done: Done } {
  const client = new Redis(url)
  client.on('error', () => {})
  return {
    done,
    store: redisStore(client, { waitReplicas, waitMs: 100, warn: () => {} }),
    effect: async (id) => done.set(id, (done.get(id) ?? 0) + 1),
    effects: async () => done,
    close: async () => client.disconnect(),
  }
}

export async function postgresShop(
  url: string,
  transaction: boolean,
  done: Done = new Map(),
): Promise<Shop & { done: Done }> {
  const pool = openPool(url, { max: 40 })
  const store = transaction ? postgresStore(pool, { transaction: true }) : postgresStore(pool)
  await store.ensureSchema()
  await pool.query('CREATE TABLE IF NOT EXISTS effects (id text)')
  return {
    done,
    store,
    async effect(id, tx) {
      if (!transaction) return done.set(id, (done.get(id) ?? 0) + 1)
      return (tx as typeof pool).query('INSERT INTO effects (id) VALUES ($1)', [id])
    },
    async effects() {
      if (!transaction) return done
      const { rows } = await pool.query('SELECT id, count(*)::int AS times FROM effects GROUP BY id')
      return new Map(rows.map(({ id, times }) => [String(id), Number(times)]))
    },
    close: () => Promise.race([pool.end(), new Promise((resolve) => setTimeout(resolve, 1000))]),
  }
}
