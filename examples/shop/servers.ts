import { Redis } from 'ioredis'
import pg from 'pg'

/** Clients that fail rather than wait when their server is gone: whoever asks is answered 503 at once, and comes again. */

export function openDatabase(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 20, connectionTimeoutMillis: 1000 })
  // Without a listener the end of a connection would be the end of the process.
  pool.on('error', (error) => console.error(`database: ${error.message}`))
  return pool
}

/** Connected, or rejects. */
export async function openRedis(url: string): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: () => 200,
  })
  redis.on('error', (error) => console.error(`redis: ${error.message}`))
  await redis.connect()
  return redis
}
