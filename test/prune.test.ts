import { randomUUID } from 'node:crypto'
import Database from 'libsql'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { mysqlSchema, mysqlStore } from '../src/stores/mysql'
import { postgresSchema, postgresStore } from '../src/stores/postgres'
import { sqliteSchema, sqliteStore } from '../src/stores/sqlite'
import { services } from './support/services'
import { notRun } from './support/vectors'

const table = `prune_${randomUUID().slice(0, 8)}`
const rows = 20_000

/** The statement that a store prunes with. */
async function statementOf(prune: (send: (text: string) => Promise<never[]>) => Promise<unknown>): Promise<string> {
  const sent: string[] = []
  await prune(async (text) => {
    sent.push(text)
    return []
  })
  expect(sent).toHaveLength(1)
  return sent[0] ?? ''
}

/** Runs it, or says that there is no server. */
function on(name: string, url: string | undefined, run: (url: string) => Promise<void>): void {
  const what = `no server answers for ${name}: pruning by index`
  if (url !== undefined) it(`${name} finds what has expired by the index, and reads nothing else`, () => run(url))
  else if (process.env['CI'] === 'true') it(what, () => expect.unreachable(what))
  else notRun(what)
}

describe('a large table of which little has expired', () => {
  on('PostgreSQL', services.postgres, async (url) => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    try {
      await pool.query(postgresSchema(table))
      await pool.query(
        `INSERT INTO ${table} (key, state, lease_until, expires_at)
         SELECT at, 'done', now(), now() + (at - 5) * interval '1 h' FROM generate_series(1, ${rows}) AS at`,
      )
      await pool.query(`ANALYZE ${table}`)
      const text = await statementOf((send) => postgresStore(send, { table }).prune(1000))
      const { rows: plan } = await pool.query(`EXPLAIN ${text.replace('$1', '1000')}`)
      const lines = plan.map((row) => String(row['QUERY PLAN'])).join('\n')
      expect(lines).toContain(`Index Scan using ${table}_expires_on`)
      expect(lines).not.toContain('Seq Scan')
      expect(await postgresStore(pool, { table }).prune(3)).toBe(3)
      expect(await postgresStore(pool, { table }).prune()).toBe(2)
    } finally {
      await pool.query(`DROP TABLE IF EXISTS ${table}`)
      await pool.end()
    }
  })

  on('MySQL', services.mysql, async (url) => {
    const pool = mysql.createPool({ uri: url, connectionLimit: 1, timezone: 'Z' })
    try {
      await pool.query(mysqlSchema(table))
      const values = Array.from({ length: rows }, (_, at) => [
        `k${at}`,
        'done',
        hoursFromNow(at - 4.5),
        hoursFromNow(0),
      ])
      await pool.query(`INSERT INTO ${table} (event_key, state, expires_at, first_seen) VALUES ?`, [values])
      await pool.query(`ANALYZE TABLE ${table}`)
      const text = await statementOf((send) => mysqlStore(send, { table }).prune(1000))
      const [plan] = await pool.query<mysql.RowDataPacket[]>(`EXPLAIN ${text.replace('?', '1000')}`)
      expect(plan[0]).toMatchObject({ type: 'range', key: 'expires_at' })
      expect(Number(plan[0]?.['rows'])).toBeLessThan(rows / 10)
      expect(await mysqlStore(pool, { table }).prune(3)).toBe(3)
      expect(await mysqlStore(pool, { table }).prune()).toBe(2)
    } finally {
      await pool.query(`DROP TABLE IF EXISTS ${table}`)
      await pool.end()
    }
  })

  it('SQLite finds what has expired by the index, and reads nothing else', async () => {
    const database = new Database(':memory:')
    database.exec(sqliteSchema(table))
    const insert = database.prepare(
      `INSERT INTO ${table} (key, state, first_seen, expires_at) VALUES (?, 'done', 0, ?)`,
    )
    for (let at = 0; at < rows; at++) insert.run(`k${at}`, hoursFromNow(at - 4.5).getTime())
    const sent: string[] = []
    const noting = {
      exec(text: string) {
        sent.push(text)
        return database.exec(text)
      },
      prepare(text: string) {
        sent.push(text)
        return database.prepare(text)
      },
    }
    const store = sqliteStore(noting, { table })
    sent.length = 0
    expect(await store.prune(3)).toBe(3)
    const looking = sent.filter((text) => text.includes(table))
    expect(looking).toHaveLength(2)
    expect(await store.prune()).toBe(2)
    for (const text of looking) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all() as { detail: string }[]
      const lines = plan.map(({ detail }) => detail).join('\n')
      expect(lines).toContain(`SEARCH ${table} USING INDEX ${table}_prunable (expires_at<?)`)
      expect(lines).not.toMatch(new RegExp(`SCAN ${table}`))
    }
    database.close()
  })
})

const hoursFromNow = (hours: number) => new Date(Date.now() + hours * 3_600_000)
