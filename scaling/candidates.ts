import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import Database from 'libsql'
import mysql from 'mysql2/promise'
import { type IdempotencyStore, memoryStore } from 'payproof'
import { mysqlStore } from 'payproof/stores/mysql'
import { postgresStore } from 'payproof/stores/postgres'
import { redisStore } from 'payproof/stores/redis'
import { sqliteStore } from 'payproof/stores/sqlite'
import pg from 'pg'
import { hasMariadb, hasPostgres, hasRedis, startMariadb, startPostgres, startRedis } from '../chaos/servers'
import { handle } from './lanes'

/** A store to be measured, on a server of its own. */
export interface Candidate {
  readonly name: string
  readonly kind: 'here' | 'redis' | 'postgres' | 'mysql'
  open(url: string): Promise<Opened>
}

export interface Opened {
  readonly store: IdempotencyStore
  /** Claims and completes a new event. */
  handle(key: string): Promise<void>
  close(): Promise<unknown>
}

/** How the servers are started, and whether this machine has them. */
export const servers = {
  redis: { has: hasRedis, start: startRedis },
  postgres: { has: hasPostgres, start: startPostgres },
  mysql: { has: hasMariadb, start: startMariadb },
} as const

export const candidates: readonly Candidate[] = [
  { name: 'memory', kind: 'here', open: async () => openedOf(memoryStore(), async () => {}) },
  { name: 'SQLite (libsql, synchronous=FULL)', kind: 'here', open: openSqlite },
  { name: 'Redis (ioredis)', kind: 'redis', open: openRedis },
  { name: 'PostgreSQL (pg, `prepare: false`)', kind: 'postgres', open: (url) => openPostgres(url, { prepare: false }) },
  { name: 'PostgreSQL (pg)', kind: 'postgres', open: (url) => openPostgres(url, { prepare: true }) },
  { name: 'PostgreSQL (pg, transaction mode)', kind: 'postgres', open: openTransactions },
  { name: 'MariaDB (mysql2)', kind: 'mysql', open: openMysql },
]

const openedOf = (store: IdempotencyStore, close: () => Promise<unknown>): Opened => ({
  store,
  handle: (key) => handle(store, key),
  close,
})

async function openSqlite(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'payproof-scaling-'))
  const database = new Database(join(folder, 'events.db'))
  return openedOf(sqliteStore(database), async () => {
    database.close()
    rmSync(folder, { recursive: true, force: true })
  })
}

export async function openRedis(url: string): Promise<Opened> {
  const client = new Redis(url)
  return openedOf(redisStore(client, { warn: () => {} }), async () => client.disconnect())
}

/** As many as a node usually has: more would stand in line before two cores. */
export const poolSize = 16

/** What ends while nobody uses it is no failure of a measurement. */
export function openPool(url: string, settings: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: poolSize, ...settings })
  pool.on('error', () => {})
  return pool
}

export async function openPostgres(url: string, { prepare }: { prepare: boolean }): Promise<Opened> {
  const pool = openPool(url)
  const store = postgresStore(pool, { prepare })
  await store.ensureSchema()
  return openedOf(store, () => pool.end())
}

async function openTransactions(url: string): Promise<Opened> {
  const pool = openPool(url)
  const store = postgresStore(pool, { transaction: true, prepare: true })
  await store.ensureSchema()
  const handleIn = async (key: string) => {
    const claim = await store.claim(key, 60)
    if (claim.state !== 'acquired') throw new Error(`A new key was ${claim.state}.`)
    const { token } = claim
    await store.transaction?.(async (_, complete) => {
      if (!(await complete(key, token, 604_800))) throw new Error('The token was not the owner’s.')
    })
  }
  return { ...openedOf(store as IdempotencyStore, () => pool.end()), handle: handleIn }
}

async function openMysql(url: string): Promise<Opened> {
  const pool = mysql.createPool({ uri: url, connectionLimit: poolSize })
  const store = mysqlStore(pool)
  await store.ensureSchema()
  return openedOf(store, () => pool.end())
}
