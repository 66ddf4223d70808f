import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresSchema, postgresStore, type SqlStore } from '../src/stores/postgres'
import { storeContract } from '../src/testing'
import { services } from './support/services'
import { notRun } from './support/vectors'

const page = readFileSync(new URL('../docs/scaling.md', import.meta.url), 'utf8')
const [, documented = ''] = /```sql\n([\s\S]*?)```/.exec(page) ?? []
const table = `partitioned_${randomUUID().slice(0, 8)}`

describe('a PostgreSQL table in HASH partitions', () => {
  it('is documented as the usual table is made, and parted', () => {
    const parted = postgresSchema().replace(/\n\) WITH .*;/, '\n) PARTITION BY HASH (key);')
    expect(documented).toContain(parted)
    expect(documented).toContain('MODULUS 16')
  })

  if (services.postgres === undefined) {
    const what = 'no server answers for PostgreSQL: partitions'
    if (process.env['CI'] === 'true') it(what, () => expect.unreachable(what))
    else notRun(what)
    return
  }

  const pool = new pg.Pool({ connectionString: services.postgres, max: 16 })
  const store = postgresStore(pool, { table, transaction: true })
  beforeAll(async () => {
    await pool.query(documented.replaceAll('payproof_events', table))
  })
  afterAll(async () => {
    await pool.query(`DROP TABLE IF EXISTS ${table}`)
    await pool.end()
  })

  it.each(storeContract(() => store))('$name', ({ run }) => run())

  it('is spread over its partitions, and each event is looked for in one', async () => {
    for (let at = 0; at < 200; at++) await done(store, `spread:${at}`, 60)
    const { rows } = await pool.query(`SELECT tableoid, count(*)::int AS rows FROM ${table} GROUP BY tableoid`)
    expect(rows).toHaveLength(16)
    const { rows: plan } = await pool.query(`EXPLAIN SELECT state FROM ${table} WHERE key = 'spread:1'`)
    const scanned = JSON.stringify(plan).match(new RegExp(`\\bon ${table}_\\d+`, 'g'))
    expect(scanned).toHaveLength(1)
  })

  it('leaves its own schema alone', async () => {
    await store.ensureSchema()
    const { rows } = await pool.query('SELECT relkind FROM pg_class WHERE relname = $1', [table])
    expect(rows).toEqual([{ relkind: 'p' }])
  })

  it('is pruned over all of them, in batches, never of what is held', async () => {
    const keys = Array.from({ length: 60 }, () => `prune:${randomUUID()}`)
    for (const key of keys) await done(store, key, -1)
    await store.claim('held', 60)
    await pool.query(`UPDATE ${table} SET expires_at = now() - interval '1 s' WHERE key = 'held'`)
    const batches: number[] = []
    for (let n = await store.prune(25); n > 0; n = await store.prune(25)) batches.push(n)
    expect(Math.max(...batches)).toBe(25)
    const { rows } = await pool.query(`SELECT count(*)::int AS left FROM ${table} WHERE key = ANY($1)`, [keys])
    expect(rows).toEqual([{ left: 0 }])
    expect(await store.claim('held', 60)).toMatchObject({ state: 'in_progress' })
  })
})

async function done(store: SqlStore<unknown>, key: string, retentionSeconds: number): Promise<void> {
  const claim = await store.claim(key, 60)
  if (claim.state !== 'acquired') throw new Error(`A new key was ${claim.state}.`)
  expect(await store.complete(key, claim.token, retentionSeconds)).toBe(true)
}
