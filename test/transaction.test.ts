import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import mysql from 'mysql2/promise'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { IdempotencyStore } from '../src'
import { mysqlStore } from '../src/stores/mysql'
import { postgresStore, type SqlStore } from '../src/stores/postgres'
import { type SqliteDatabase, sqliteStore } from '../src/stores/sqlite'
import { thrown } from './support/errors'
import { services } from './support/services'
import { createShop, genuine, never, sleep, until } from './support/shop'
import { notRun } from './support/vectors'

/** A database with a table of effects beside the store's. */
interface Till<Tx> {
  store: IdempotencyStore<Tx>
  /** Writes an effect in the transaction. */
  write(tx: Tx, order: string): Promise<unknown>
  /** What has been written and committed. */
  written(order: string): Promise<number>
  /** Runs a statement in the transaction. */
  run?(tx: Tx, statement: string): Promise<unknown>
  /** Takes all connections there are, until the function that it gives is called. */
  exhaust?(): Promise<() => void>
  /** Ends the connection that the transaction is on. */
  cut?(tx: Tx): Promise<unknown>
  end(): Promise<unknown>
}
const run = `payproof_tx_${randomUUID().slice(0, 8)}`
const effects = `${run}_effects`

const tills: [string, string | undefined, () => Promise<unknown>][] = [
  ['postgres (pg)', services.postgres, pgTill],
  ['postgres (postgres.js)', services.postgres, postgresJsTill],
  ['postgres (anything with transactions)', services.postgres, ormTill],
  ['mysql (mysql2)', services.mysql, mysqlTill],
  ['sqlite (libsql)', 'here', sqliteTill],
]

async function pgTill(): Promise<Till<pg.PoolClient>> {
  const pool = new pg.Pool({ connectionString: services.postgres, max: 4 })
  const table = `${run}_pg`
  const store = postgresStore(pool, { table, transaction: true })
  await store.ensureSchema()
  await pool.query(`CREATE TABLE ${effects} (id text)`)
  return {
    store,
    write: (tx, order) => tx.query(`INSERT INTO ${effects} VALUES ($1)`, [order]),
    written: async (order) => (await pool.query(`SELECT 1 FROM ${effects} WHERE id = $1`, [order])).rows.length,
    run: (tx, statement) => tx.query(statement),
    async exhaust() {
      const held = await Promise.all([1, 2, 3, 4].map(() => pool.connect()))
      return () => {
        for (const connection of held) connection.release()
      }
    },
    async cut(tx) {
      const { rows } = await tx.query('SELECT pg_backend_pid() AS pid')
      await pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    },
    end: () => pool.query(`DROP TABLE ${table}, ${effects}`).then(() => pool.end()),
  }
}

async function postgresJsTill(): Promise<Till<postgres.TransactionSql>> {
  const sql = postgres(services.postgres ?? '', { max: 4, onnotice: () => {} })
  const table = `${run}_js`
  const store = postgresStore(sql, { table, transaction: true })
  await store.ensureSchema()
  await sql.unsafe(`CREATE TABLE ${effects}_js (id text)`)
  return {
    store,
    write: (tx, order) => tx`INSERT INTO ${tx(`${effects}_js`)} VALUES (${order})`,
    written: async (order) => (await sql`SELECT 1 FROM ${sql(`${effects}_js`)} WHERE id = ${order}`).length,
    run: (tx, statement) => tx.unsafe(statement),
    // Not cut: postgres.js 3.4.9 itself throws out of nowhere when its connection ends in a transaction.
    end: () => sql.unsafe(`DROP TABLE ${table}, ${effects}_js`).then(() => sql.end()),
  }
}

interface Orm {
  insert(order: string): Promise<unknown>
}

/** What an ORM looks like: its own transaction, and a way to run a statement in it. */
async function ormTill(): Promise<Till<Orm>> {
  const sql = postgres(services.postgres ?? '', { max: 4, onnotice: () => {} })
  const table = `${run}_orm`
  const store = postgresStore(
    {
      query: (text: string, values: unknown[]) => sql.unsafe(text, values as never[]),
      transaction: (work: (tx: Orm, query: (text: string, values: unknown[]) => Promise<unknown[]>) => Promise<void>) =>
        sql.begin((tx) =>
          work({ insert: (order) => tx`INSERT INTO ${tx(`${effects}_orm`)} VALUES (${order})` }, (text, values) =>
            tx.unsafe(text, values as never[]),
          ),
        ),
    },
    { table, transaction: true },
  )
  await store.ensureSchema()
  await sql.unsafe(`CREATE TABLE ${effects}_orm (id text)`)
  return {
    store,
    write: (tx, order) => tx.insert(order),
    written: async (order) => (await sql`SELECT 1 FROM ${sql(`${effects}_orm`)} WHERE id = ${order}`).length,
    end: () => sql.unsafe(`DROP TABLE ${table}, ${effects}_orm`).then(() => sql.end()),
  }
}

async function mysqlTill(): Promise<Till<mysql.PoolConnection>> {
  const pool = mysql.createPool({ uri: services.mysql ?? '', connectionLimit: 4 })
  const store = mysqlStore(pool, { table: run, transaction: true })
  await store.ensureSchema()
  await pool.query(`CREATE TABLE ${effects} (id varchar(64)) ENGINE=InnoDB`)
  return {
    store,
    write: (tx, order) => tx.query(`INSERT INTO ${effects} VALUES (?)`, [order]),
    written: async (order) =>
      ((await pool.query(`SELECT 1 FROM ${effects} WHERE id = ?`, [order]))[0] as unknown[]).length,
    run: (tx, statement) => tx.query(statement),
    async exhaust() {
      const held = await Promise.all([1, 2, 3, 4].map(() => pool.getConnection()))
      return () => {
        for (const connection of held) connection.release()
      }
    },
    async cut(tx) {
      await pool.query(`KILL ${tx.threadId}`)
      await sleep(50)
    },
    end: () => pool.query(`DROP TABLE ${run}, ${effects}`).then(() => pool.end()),
  }
}

async function sqliteTill(): Promise<Till<SqliteDatabase>> {
  const folder = mkdtempSync(join(tmpdir(), 'payproof-'))
  const database = new Database(join(folder, 'shop.db'))
  const store = sqliteStore(database as SqliteDatabase, { transaction: true })
  database.exec(`CREATE TABLE ${effects} (id TEXT)`)
  // Another connection: it sees what is committed, and nothing else.
  const reader = new Database(join(folder, 'shop.db'))
  return {
    store,
    write: async (tx, order) => tx.prepare(`INSERT INTO ${effects} VALUES (?) RETURNING 1`).get(order as never),
    written: async (order) => reader.prepare(`SELECT 1 FROM ${effects} WHERE id = ?`).all(order).length,
    run: async (tx, statement) => tx.exec(statement),
    async end() {
      database.close()
      reader.close()
      rmSync(folder, { recursive: true })
    },
  }
}

describe.each(tills)('a handler in a transaction: %s', (name, where, open) => {
  if (where === undefined) {
    const what = `no server answers for ${name}`
    if (process.env['CI'] === 'true') it(what, () => expect.unreachable(what))
    else notRun(what)
    return
  }
  let till = {} as Till<unknown>
  beforeAll(async () => {
    till = (await open()) as Till<unknown>
  })
  afterAll(() => till.end())

  const order = () => `evt_${randomUUID()}`
  const shop = (options = {}) => createShop<unknown>({ store: till.store, ...options })
  const write =
    (id: string) =>
    (_: unknown, { tx }: { tx: unknown }) =>
      till.write(tx, id)

  it('commits together with the completion', async () => {
    const id = order()
    const { receiver } = shop()
    const seen: number[] = []
    const outcome = await receiver.receive(genuine(id), async (_, { tx, attempt }) => {
      await till.write(tx, id)
      seen.push(attempt, await till.written(id))
    })
    expect(outcome.kind).toBe('processed')
    expect(seen).toEqual([1, 0])
    expect(await till.written(id)).toBe(1)
    expect((await receiver.receive(genuine(id), write(id))).kind).toBe('duplicate')
    expect(await till.written(id)).toBe(1)
  })

  it('leaves nothing behind when it throws, and the next delivery is handled', async () => {
    const id = order()
    const { receiver } = shop()
    const failed = await receiver.receive(genuine(id), async (_, { tx }) => {
      await till.write(tx, id)
      throw new Error('no stock')
    })
    expect(failed).toMatchObject({ kind: 'failed', error: { code: 'handler_failed', cause: { message: 'no stock' } } })
    expect(await till.written(id)).toBe(0)
    expect((await receiver.receive(genuine(id), write(id))).kind).toBe('processed')
    expect(await till.written(id)).toBe(1)
  })

  it('rolls back when another worker has taken the event over', async () => {
    const id = order()
    const late = shop({ leaseSeconds: 0.2, store: { ...till.store, renew: async () => true } })
    const other = shop()
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    // A SQLite file has one writer: there the late one is waited for.
    const takesOver = !name.startsWith('sqlite')
    const first = late.receiver.receive(genuine(id), async (_, { tx }) => {
      if (takesOver) await held
      await till.write(tx, id)
    })
    await sleep(400)
    const second = await other.receiver.receive(genuine(id), write(id))
    release()
    expect(second.kind).toBe(takesOver ? 'processed' : 'duplicate')
    if (takesOver) {
      expect(await first).toMatchObject({ kind: 'in_progress', error: { code: 'lease_lost' }, reply: { status: 409 } })
      expect(late.reports.map((report) => (report.type === 'delivery' ? report.code : report.type))).toEqual([
        'lease_lost',
        'lease_lost',
      ])
    }
    expect(await till.written(id)).toBe(1)
  })

  it('rolls back what stopped half-way because the receiver closed, and the next delivery is handled', async () => {
    const id = order()
    const { receiver } = shop()
    const first = receiver.receive(genuine(id), async (_, { signal }) => {
      await until(() => signal.aborted)
    })
    await sleep(50)
    expect(await receiver.close({ drainSeconds: 0.03 })).toBe(false)
    expect(await first).toMatchObject({ kind: 'unavailable', error: { code: 'shutting_down' }, reply: { status: 503 } })
    expect((await shop().receiver.receive(genuine(id), write(id))).kind).toBe('processed')
    expect(await till.written(id)).toBe(1)
  })

  it('is not told to stop while only the renewing fails: what it did counts if it still has the event', async () => {
    const id = order()
    const renew = () => Promise.reject(new Error('no connection left'))
    const { receiver } = shop({ leaseSeconds: 0.2, store: { ...till.store, renew } })
    let aborted: boolean | undefined
    const outcome = await receiver.receive(genuine(id), async (_, { tx, signal }) => {
      await sleep(400)
      aborted = signal.aborted
      await till.write(tx, id)
    })
    expect([outcome.kind, aborted]).toEqual(['processed', false])
    expect(await till.written(id)).toBe(1)
  })

  it('runs once for 50 copies at once', async () => {
    const id = order()
    const { receiver } = shop({ storeTimeoutMs: 5000 })
    const outcomes = await Promise.all([...Array(50)].map(() => receiver.receive(genuine(id), write(id))))
    expect(outcomes.filter(({ kind }) => kind === 'processed')).toHaveLength(1)
    expect(await till.written(id)).toBe(1)
  })

  it('handles many events side by side, none in the transaction of another', async () => {
    const ids = [...Array(30)].map(order)
    const { receiver } = shop({ storeTimeoutMs: 5000 })
    const outcomes = await Promise.all(
      ids.map((id, i) =>
        receiver.receive(genuine(id), async (_, { tx }) => {
          await till.write(tx, id)
          await sleep(1)
          if (i % 3 === 0) throw new Error('every third')
        }),
      ),
    )
    expect(outcomes.map(({ kind }) => kind)).toEqual(ids.map((_, i) => (i % 3 === 0 ? 'failed' : 'processed')))
    expect(await Promise.all(ids.map(till.written))).toEqual(ids.map((_, i) => (i % 3 === 0 ? 0 : 1)))
  })

  it('keeps the delivery when it fails, and drops it when it is handled', async () => {
    const id = order()
    const { receiver } = shop()
    await receiver.receive(genuine(id), () => Promise.reject(new Error('no stock')))
    expect((await receiver.replay(id, write(id))).kind).toBe('processed')
    expect(await till.written(id)).toBe(1)
    expect((await receiver.replay(id, write(id))).kind).toBe('misuse')
  })

  it('is never answered 200 when the commit fails', async () => {
    const id = order()
    const store: IdempotencyStore<unknown> = {
      ...till.store,
      transaction: (work) =>
        till.store.transaction?.(async (tx, complete) => {
          await work(tx, complete)
          throw new Error('the commit failed')
        }) ?? never(),
    }
    const { receiver } = shop({ store })
    const outcome = await receiver.receive(genuine(id), write(id))
    expect(outcome).toMatchObject({ kind: 'unavailable', error: { code: 'store_unavailable' }, reply: { status: 503 } })
    expect(await till.written(id)).toBe(0)
    expect((await shop().receiver.receive(genuine(id), write(id))).kind).toBe('processed')
  })

  it('is renewed while it takes longer than its lease', async () => {
    if (name.startsWith('sqlite')) return
    const id = order()
    const { receiver } = shop({ leaseSeconds: 0.4 })
    const slow = receiver.receive(genuine(id), async (_, { tx }) => {
      await till.write(tx, id)
      await sleep(1200)
    })
    await sleep(800)
    expect((await shop().receiver.receive(genuine(id), write(id))).kind).toBe('in_progress')
    expect((await slow).kind).toBe('processed')
    expect(await till.written(id)).toBe(1)
  })

  it('does not run where no connection is to be had in time, nor later', async () => {
    if (till.exhaust === undefined) return
    const id = order()
    const giveBack = await till.exhaust()
    const handler = vi.fn()
    const { receiver } = shop({ storeTimeoutMs: 100 })
    expect((await receiver.receive(genuine(id), handler)).reply.status).toBe(503)
    giveBack()
    // The late claim is given back as soon as it is there.
    let kind = ''
    for (let i = 0; i < 20 && kind !== 'processed'; i++) {
      await sleep(100)
      kind = (await shop().receiver.receive(genuine(id), write(id))).kind
    }
    expect(kind).toBe('processed')
    expect(handler).not.toHaveBeenCalled()
  })

  it('does not run where the transaction begins too late', async () => {
    const id = order()
    const handler = vi.fn()
    let ended = false
    const store: IdempotencyStore<unknown> = {
      ...till.store,
      async transaction(work) {
        await sleep(200)
        await till.store.transaction?.(work).finally(() => {
          ended = true
        })
      },
    }
    const { receiver } = shop({ store, storeTimeoutMs: 100 })
    expect(await receiver.receive(genuine(id), handler)).toMatchObject({ kind: 'unavailable' })
    await until(() => ended)
    expect(handler).not.toHaveBeenCalled()
    expect((await shop().receiver.receive(genuine(id), write(id))).kind).toBe('processed')
  })

  it('survives the end of its connection', async () => {
    const { cut } = till
    if (cut === undefined) return
    const id = order()
    const { receiver } = shop()
    const outcome = await receiver.receive(genuine(id), async (_, { tx }) => {
      await till.write(tx, id)
      await cut(tx).catch(() => {})
    })
    expect(outcome.reply.status).toBe(503)
    expect(await till.written(id)).toBe(0)
    expect((await receiver.receive(genuine(id), write(id))).kind).toBe('processed')
    expect(await till.written(id)).toBe(1)
  })

  it.each(['ROLLBACK', 'ROLLBACK TO SAVEPOINT payproof; RELEASE SAVEPOINT payproof'])(
    'is not answered 200 when something in it ends the transaction: %s',
    async (statement) => {
      if (till.run === undefined) return
      const { run } = till
      const id = order()
      const { receiver } = shop()
      const outcome = await receiver.receive(genuine(id), async (_, { tx }) => {
        await till.write(tx, id)
        for (const each of statement.split(';')) await run(tx, each)
      })
      expect(outcome.reply.status).toBe(503)
      expect((await receiver.receive(genuine(id), write(id))).kind).toBe('processed')
      expect(await till.written(id)).toBe(1)
    },
  )

  it('is not answered 200 when a statement that nobody waits for fails', async () => {
    if (!name.startsWith('postgres') || till.run === undefined) return
    const { run } = till
    for (const wait of [0, 1, 2, 3, 4]) {
      const id = order()
      const { receiver } = shop()
      const outcome = await receiver.receive(genuine(id), async (_, { tx }) => {
        await till.write(tx, id)
        let chain: Promise<unknown> = Promise.resolve()
        for (let i = 0; i < wait; i++) chain = chain.then(() => run(tx, 'SELECT 1'))
        chain.then(() => run(tx, 'SELECT nonsense')).catch(() => {})
      })
      expect([wait, outcome.kind, await till.written(id)]).toEqual(
        outcome.kind === 'processed' ? [wait, 'processed', 1] : [wait, 'unavailable', 0],
      )
    }
  })

  it('begins once, though the client tries its transactions again', async () => {
    const id = order()
    const store: IdempotencyStore<unknown> = {
      ...till.store,
      transaction: async (work) => till.store.transaction?.(work).catch(() => till.store.transaction?.(work)),
    }
    const { receiver } = shop({ store })
    const handler = vi.fn(() => Promise.reject(new Error('no stock')))
    expect((await receiver.receive(genuine(id), handler)).kind).toBe('failed')
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it('is not answered 200 when it swallows an error of the database', async () => {
    if (!name.startsWith('postgres')) return
    const id = order()
    const { receiver } = shop()
    const outcome = await receiver.receive(genuine(id), async (_, { tx }) => {
      await till.write(tx, id)
      await till.write(tx, '\u0000').catch(() => {})
    })
    expect(outcome.reply.status).toBe(503)
    expect(await till.written(id)).toBe(0)
  })
})

describe('isolation', () => {
  // A renewal from outside changes the row that the completion must change.
  it.each([
    ['postgres', 'serializable'],
    ['postgres', 'repeatable read'],
    ['mysql', 'snapshot'],
  ])('%s, %s by default: a handler longer than its renewals completes', async (kind, level) => {
    const url = kind === 'postgres' ? services.postgres : services.mysql
    if (url === undefined) return expect(process.env['CI']).not.toBe('true')
    const table = `${run}_${level.slice(0, 4)}`
    const pool =
      kind === 'postgres'
        ? new pg.Pool({
            connectionString: url,
            options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`,
          })
        : mysql.createPool({ uri: url })
    const store: SqlStore<unknown> =
      pool instanceof pg.Pool
        ? postgresStore(pool, { table, transaction: true })
        : mysqlStore(pool, { table, transaction: true })
    await store.ensureSchema()
    const { receiver } = createShop<unknown>({ store, leaseSeconds: 0.6 })
    const outcome = await receiver.receive(genuine(), async (_, { tx }) => {
      const connection = tx as pg.PoolClient
      if (level === 'snapshot') await connection.query('SET innodb_snapshot_isolation = ON').catch(() => {})
      await connection.query('SELECT 1')
      await sleep(500)
    })
    await (pool as pg.Pool).query(`DROP TABLE ${table}`)
    await pool.end()
    expect(outcome.kind).toBe('processed')
  })
})

describe('a SQLite file', () => {
  it('with two stores on two connections does not stop the event loop', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'payproof-'))
    const open = () => sqliteStore(new Database(join(folder, 'shop.db')) as SqliteDatabase, { transaction: true })
    const [one, two] = [open(), open()].map((store) => createShop<unknown>({ store, storeTimeoutMs: 5000 }).receiver)
    const begunMs = performance.now()
    const outcomes = await Promise.all([
      one?.receive(genuine('evt_1'), () => sleep(50)),
      two?.receive(genuine('evt_2'), () => sleep(50)),
    ])
    expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['processed', 'processed'])
    // The busy time-out of SQLite, in which nothing else runs.
    expect(performance.now() - begunMs).toBeLessThan(5000)
    rmSync(folder, { recursive: true })
  })
})

describe('what transactions can be had from', () => {
  it.each([
    ['a function', () => postgresStore((async () => []) as never, { transaction: true })],
    ['a single connection of pg', () => postgresStore(new pg.Client() as never, { transaction: true })],
    ['a function for MySQL', () => mysqlStore((async () => []) as never, { transaction: true })],
  ])('is not %s', (_, make) => {
    expect(thrown(make)).toMatchObject({ code: 'configuration_invalid', hint: expect.stringContaining('hand in') })
  })
})
