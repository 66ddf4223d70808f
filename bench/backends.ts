import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import Database from 'libsql'
import type { IdempotencyStore } from 'payproof'
import { postgresStore } from 'payproof/stores/postgres'
import { redisStore } from 'payproof/stores/redis'
import { sqliteStore } from 'payproof/stores/sqlite'
import pg from 'pg'

/** A store, and the least that its own client needs to do the like. */
export interface Backend {
  readonly name: string
  readonly store: IdempotencyStore
  /** How many are at it at once. */
  readonly widths: readonly number[]
  /** What the two and the one bare round trip are. */
  readonly bare: string
  begin(key: string): unknown
  finish(key: string): unknown
  look(key: string): unknown
  /** Commands or statements that the store has sent so far. */
  sent(): number
  close(): Promise<void>
}

const name = `bench_${process.pid}_${Date.now().toString(36)}`

export async function openRedis(url: string): Promise<Backend> {
  const client = new Redis(url)
  await client.ping()
  let sent = 0
  const counting = {
    call(command: string, ...args: string[]) {
      sent++
      return client.call(command, ...args)
    },
  }
  return {
    name: 'Redis (ioredis)',
    store: redisStore(counting, { prefix: `${name}:`, warn: () => {} }),
    widths: [1, 64],
    bare: '`SET key token PX 60000 NX` and `SET key done PX 604800000`; one: `GET key`',
    begin: (key) => client.set(`${name}:${key}`, 'token', 'PX', 60_000, 'NX'),
    finish: (key) => client.set(`${name}:${key}`, 'done', 'PX', 604_800_000),
    look: (key) => client.get(`${name}:${key}`),
    sent: () => sent,
    async close() {
      for await (const keys of client.scanStream({ match: `${name}:*`, count: 1000 }))
        if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]))
      client.disconnect()
    },
  }
}

/** Whether the server plans each statement once per connection: for the store, and for the bare statements. */
export interface Prepared {
  readonly store: boolean
  readonly bare: boolean
}

export async function openPostgres(url: string, prepared: Prepared): Promise<Backend> {
  const pool = new pg.Pool({ connectionString: url, max: 16 })
  // One statement each: the store opens no transactions here.
  let sent = 0
  pool.on('acquire', () => sent++)
  const [events, bare] = [`${name}_events`, `${name}_bare`]
  const store = postgresStore(pool, { table: events, prepare: prepared.store })
  await store.ensureSchema()
  await pool.query(`CREATE TABLE ${bare} (key text PRIMARY KEY, state text, until timestamptz)`)
  const until = `now() + interval '60 seconds'`
  const run = (label: string, text: string) => (key: string) =>
    pool.query(prepared.bare ? { name: label, text, values: [key] } : { text, values: [key] })
  return {
    name: `PostgreSQL (pg, a pool of 16${prepared.store ? '' : ', prepare: false'}${prepared.bare ? '; bare prepared too' : ''})`,
    store,
    widths: [1, 64],
    bare: '`INSERT` of a row and `UPDATE` by its key, in a table with no other index; one: `SELECT` by key',
    begin: run('begin', `INSERT INTO ${bare} (key, state, until) VALUES ($1, 'busy', ${until})`),
    finish: run('finish', `UPDATE ${bare} SET state = 'done', until = ${until} WHERE key = $1`),
    look: run('look', `SELECT state FROM ${bare} WHERE key = $1`),
    sent: () => sent,
    async close() {
      await pool.query(`DROP TABLE IF EXISTS ${events}, ${bare}`)
      await pool.end()
    },
  }
}

export async function openSqlite(): Promise<Backend> {
  const folder = mkdtempSync(join(tmpdir(), 'payproof-bench-'))
  const database = new Database(join(folder, 'events.db'))
  let sent = 0
  const counting = {
    exec(sql: string) {
      sent++
      return database.exec(sql)
    },
    prepare(sql: string) {
      const statement = database.prepare(sql)
      const counted =
        (method: 'get' | 'all') =>
        (...values: never[]) => {
          sent++
          return statement[method](...values)
        }
      return { get: counted('get'), all: counted('all') }
    },
  }
  const store = sqliteStore(counting)
  const bare = new Database(join(folder, 'bare.db'))
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL']) bare.exec(`PRAGMA ${pragma}`)
  bare.exec('CREATE TABLE bare (key TEXT PRIMARY KEY, state TEXT, until INTEGER) STRICT, WITHOUT ROWID')
  const insert = bare.prepare(`INSERT INTO bare (key, state, until) VALUES (?, 'busy', 0)`)
  const update = bare.prepare(`UPDATE bare SET state = 'done' WHERE key = ?`)
  const select = bare.prepare('SELECT state FROM bare WHERE key = ?')
  return {
    name: 'SQLite (libsql, WAL, synchronous=FULL)',
    store,
    // Its calls block: there is never more than one.
    widths: [1],
    bare: '`INSERT` of a row and `UPDATE` by its key, each its own transaction; one: `SELECT` by key',
    begin: (key) => insert.run(key),
    finish: (key) => update.run(key),
    look: (key) => select.get(key),
    sent: () => sent,
    async close() {
      database.close()
      bare.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
