import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import mysql from 'mysql2/promise'
import pg from 'pg'
import postgres from 'postgres'
import { createClient } from 'redis'
import type { IdempotencyStore } from '../../src'
import { mysqlStore } from '../../src/stores/mysql'
import { postgresStore } from '../../src/stores/postgres'
import { redisStore } from '../../src/stores/redis'
import type { Where } from '../backends/backend'

/** A store that does not answer. */
export interface Blocked {
  readonly store: IdempotencyStore<unknown>
  /** Has it answer again, where that can be. */
  readonly free?: () => Promise<void>
}

type Measure<T> = (blocked: Blocked) => Promise<T>
const connections = 4

/** A pool of pg whose connections are all given out. */
export async function heldPostgres<T>({ url, name, transaction }: Where, measure: Measure<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: url, max: connections })
  const held = await Promise.all(Array.from({ length: connections }, () => pool.connect()))
  const free = async () => {
    for (const connection of held.splice(0)) connection.release()
  }
  const store = transaction
    ? postgresStore(pool, { table: name, transaction: true })
    : postgresStore(pool, { table: name })
  try {
    return await measure({ store, free })
  } finally {
    await free()
    await pool.end()
  }
}

/** A pool of mysql2 whose connections are all given out. */
export async function heldMysql<T>({ url, name, transaction }: Where, measure: Measure<T>): Promise<T> {
  const pool = mysql.createPool({ uri: url, connectionLimit: connections })
  const held = await Promise.all(Array.from({ length: connections }, () => pool.getConnection()))
  const free = async () => {
    for (const connection of held.splice(0)) connection.release()
  }
  const store = transaction ? mysqlStore(pool, { table: name, transaction: true }) : mysqlStore(pool, { table: name })
  try {
    return await measure({ store, free })
  } finally {
    await free()
    await pool.end()
  }
}

type Open = <T>(measure: Measure<T>) => Promise<T>

/** Clients of a server that accepts connections and never says a word. */
export const silentClients: readonly (readonly [string, Open])[] = [
  [
    'ioredis',
    withSilence((port) => {
      const client = new Redis(port, '127.0.0.1')
      client.on('error', () => {})
      return [redisStore(client), () => client.disconnect()]
    }),
  ],
  [
    'node-redis',
    withSilence((port) => {
      const client = createClient({ url: `redis://127.0.0.1:${port}` })
      client.on('error', () => {})
      client.connect().catch(() => {})
      return [redisStore({ sendCommand: (args) => client.sendCommand(args) }), () => client.destroy()]
    }),
  ],
  [
    'pg',
    withSilence((port) => {
      const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'postgres' })
      pool.on('error', () => {})
      return [postgresStore(pool), () => {}]
    }),
  ],
  [
    'postgres.js',
    withSilence((port) => {
      const sql = postgres({ host: '127.0.0.1', port, user: 'postgres' })
      return [postgresStore(sql), () => void sql.end({ timeout: 0 }).catch(() => {})]
    }),
  ],
  [
    'mysql2',
    withSilence((port) => {
      const pool = mysql.createPool({ host: '127.0.0.1', port, user: 'root' })
      return [mysqlStore(pool), () => {}]
    }),
  ],
]

function withSilence(open: (port: number) => [IdempotencyStore<unknown>, () => void]): Open {
  return async (measure) => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}))
      // Read and not answered.
      socket.resume()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const [store, close] = open((server.address() as AddressInfo).port)
    try {
      return await measure({ store })
    } finally {
      close()
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  }
}
