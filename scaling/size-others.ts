import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import mysql from 'mysql2/promise'
import { mysqlStore } from 'payproof/stores/mysql'
import { sqliteStore } from 'payproof/stores/sqlite'
import { startMariadb } from '../chaos/servers'
import { handle, keyOf } from './lanes'

/** Bytes of a record in a table that was only filled, its indexes included: one row as the store writes it, and copies of it. */
export async function measureMariadb(records: number): Promise<number> {
  const server = await startMariadb()
  const pool = mysql.createPool({ uri: server.url, connectionLimit: 1 })
  try {
    const store = mysqlStore(pool, { table: 'events' })
    await store.ensureSchema()
    await handle(store, keyOf(0))
    const [found] = await pool.query<mysql.RowDataPacket[]>(
      `SELECT column_name AS name FROM information_schema.columns
       WHERE table_schema = 'test' AND table_name = 'events' AND column_name <> 'event_key' AND extra NOT LIKE '%GENERATED%'`,
    )
    const columns = found.map(({ name }) => name).join(', ')
    await pool.query(
      `INSERT INTO events (event_key, ${columns}) SELECT concat('payqi:shop:evt_', left(md5(seq), 24)), ${columns}
       FROM events, seq_2_to_${records}`,
    )
    const [sizes] = await pool.query<mysql.RowDataPacket[]>(
      `SELECT FILE_SIZE AS bytes FROM information_schema.INNODB_SYS_TABLESPACES WHERE NAME = 'test/events'`,
    )
    return Number(sizes[0]?.['bytes']) / records
  } finally {
    await pool.end()
    await server.stop()
  }
}

export async function measureSqlite(records: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'payproof-scaling-'))
  const database = new Database(join(folder, 'events.db'))
  try {
    const store = sqliteStore(database, { table: 'events' })
    await handle(store, keyOf(0))
    const found = database.prepare(`SELECT name FROM pragma_table_info('events') WHERE name <> 'key'`).all()
    const columns = (found as { name: string }[]).map(({ name }) => name).join(', ')
    database.exec(
      `WITH RECURSIVE counted(at) AS (SELECT 2 UNION ALL SELECT at + 1 FROM counted WHERE at < ${records})
       INSERT INTO events (key, ${columns}) SELECT 'payqi:shop:evt_' || lower(hex(randomblob(12))), ${columns} FROM events, counted`,
    )
    const bytes = 'SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()'
    const { bytes: all } = database.prepare(bytes).get() as { bytes: number }
    return all / records
  } finally {
    database.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
