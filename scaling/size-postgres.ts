import { type PostgresClient, postgresStore, type SqlStore } from 'payproof/stores/postgres'
import type pg from 'pg'
import { startPostgres } from '../chaos/servers'
import { openPool } from './candidates'
import { makeLetter } from './letter'
import type { Bench } from './section'

export interface PostgresSizes {
  readonly records: number
  /** One after the other in the life of the table. */
  readonly steps: readonly { readonly what: string; readonly table: number; readonly indexes: number }[]
  readonly heapRecordBytes: number
  readonly indexFactor: number
  readonly bloatFactor: number
  readonly letterBytes: number
  readonly prunedPerSecond: number
  /** At the pace that autovacuum keeps unless it is told otherwise. */
  readonly vacuumedPerSecond: number
  readonly check: { readonly records: number; readonly measured: number }
}

/** A table that lives: a fifth comes, the oldest fifth goes, and VACUUM comes after it, as autovacuum does at its usual setting. */
export async function measurePostgres({ count, say }: Bench): Promise<PostgresSizes> {
  const settings = ['fsync=off', 'synchronous_commit=off', 'autovacuum=off', 'max_wal_size=4GB', 'jit=off']
  const server = await startPostgres(settings.flatMap((setting) => ['-c', setting]))
  // As with a table of which little has expired: what is pruned is found by the index.
  const pool = openPool(server.url, { max: 1, options: '-c enable_seqscan=off' })
  const records = count(100_000, 10_000)
  try {
    const small = await live(pool, 'small', records, true)
    say(`PostgreSQL, ${records} rows: done`)
    const large = await live(pool, 'large', 3 * records, false)
    const compact = small.steps.at(-1) ?? { table: 0, indexes: 0 }
    const kept = small.steps.at(-2) ?? compact
    return {
      ...small,
      records,
      heapRecordBytes: compact.table / records,
      indexFactor: (compact.table + compact.indexes) / compact.table,
      bloatFactor: (kept.table + kept.indexes) / (compact.table + compact.indexes),
      letterBytes: await letterBytes(pool, count(5000, 1000)),
      check: { records: 3 * records, measured: large.keptBytes },
    }
  } finally {
    await pool.end()
    await server.stop()
  }
}

/** After that the table grows no more. */
const replaced = 0.4

async function live(pool: pg.Pool, table: string, records: number, paced: boolean) {
  const store = postgresStore(pool, { table })
  const fill = await filler(pool, store, table)
  const steps: { what: string; table: number; indexes: number }[] = []
  const look = async (what: string) => {
    const text = 'SELECT pg_table_size($1)::float8 AS table, pg_indexes_size($1)::float8 AS indexes'
    const { rows } = await pool.query(text, [table])
    steps.push({ what, ...rows[0] })
    return rows[0].table + rows[0].indexes
  }
  const vacuum = () => pool.query(`VACUUM ${table}`)
  const fifth = records / 5
  for (let at = 0; at < records; at += fifth) {
    await fill(at, at + fifth)
    await vacuum()
  }
  await look('filled, and vacuumed after each fifth of it')
  let [prunedMs, vacuumedMs] = [0, 0]
  const end = records + replaced * records
  for (let at = records; at < end; at += fifth) {
    await fill(at, at + fifth)
    prunedMs += await timed(async () => {
      for (let left = fifth; left > 0; left -= 1000) await store.prune(Math.min(1000, left))
    })
    const last = at + fifth === end
    if (last && paced) await pool.query(`SET vacuum_cost_delay = '2ms'`)
    vacuumedMs = await timed(vacuum)
  }
  await pool.query('RESET vacuum_cost_delay')
  const keptBytes = await look('two fifths of it replaced: filled, pruned, vacuumed, filled, pruned, vacuumed')
  const { rows } = await pool.query(`SELECT count(*)::int AS rows FROM ${table} WHERE state = 'done'`)
  if (rows[0].rows !== records) throw new Error(`Of ${records} rows there are ${rows[0].rows}.`)
  await pool.query(`VACUUM FULL ${table}`)
  await look('VACUUM FULL: without bloat')
  const perSecond = (ms: number, rows: number) => (rows * 1000) / ms
  return {
    steps,
    keptBytes,
    prunedPerSecond: perSecond(prunedMs, replaced * records),
    vacuumedPerSecond: perSecond(vacuumedMs, records),
  }
}

type Fill = (from: number, to: number, letter?: string) => Promise<void>

/** Has the server itself run the store's own statements, row by row: the same tables in a tenth of the time. */
async function filler(pool: pg.Pool, store: SqlStore, table: string): Promise<Fill> {
  await store.ensureSchema()
  const { claim, complete } = await statementsOf(table)
  const define = (name: string, types: string, text: string) =>
    pool.query(`CREATE FUNCTION ${table}_${name}(${types}) RETURNS void LANGUAGE sql AS $body$ ${text} $body$`)
  await define('claim', 'text, uuid, float8, float8, text', claim)
  await define('complete', 'text, uuid, float8', complete)
  return async (from, to, letter) => {
    // Past its time already, oldest first: so it can be pruned at once.
    const done = letter === undefined ? `, ${table}_complete(key, token, -1000000)` : ''
    const text = `SELECT ${table}_claim(key, token, 60, 2592000, $3) ${done}
      FROM (SELECT 'payqi:shop:evt_' || left(md5('${table}' || at), 24) AS key, gen_random_uuid() AS token
            FROM generate_series($1::int, $2::int - 1) AS at) AS events`
    for (let at = from; at < to; at += 2000) await pool.query(text, [at, Math.min(to, at + 2000), letter ?? null])
  }
}

/** The texts of the statements that the store sends. */
async function statementsOf(table: string): Promise<{ claim: string; complete: string }> {
  const sent: string[] = []
  const client: PostgresClient = async (text: string) => {
    sent.push(text)
    return [{ attempt: 1 }]
  }
  const store = postgresStore(client, { table })
  await store.claim('key', 60)
  await store.complete('key', 'token', 60)
  const [claim = '', complete = ''] = sent
  if (sent.length !== 2) throw new Error(`The store sends ${sent.length} statements for a new event.`)
  return { claim, complete }
}

async function letterBytes(pool: pg.Pool, records: number): Promise<number> {
  const text = await makeLetter()
  const store = postgresStore(pool, { table: 'letters' })
  const fill = await filler(pool, store, 'letters')
  await fill(0, records, text)
  const { rows } = await pool.query(`SELECT pg_total_relation_size('letters')::float8 AS bytes`)
  return rows[0].bytes / records
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}
