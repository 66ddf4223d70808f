import { rmSync } from 'node:fs'
import Database from 'libsql'
import { sqliteStore } from '../../src/stores/sqlite'
import { type Backend, effectsOf, inOrder, type Where } from './backend'

export function openSqlite(where: Where): Backend {
  const { url: file, name: table, transaction } = where
  const database = new Database(file)
  // Of its own: on the store's connection it would become part of whatever transaction is open there.
  const apart = new Database(file)
  apart.exec('PRAGMA busy_timeout = 5000')
  const effects = effectsOf(where)
  const insert = `INSERT INTO ${effects} (id) VALUES (?)`
  const rows = (text: string) => apart.prepare(text).all() as Record<string, unknown>[]
  return {
    store: transaction ? sqliteStore(database, { table, transaction: true }) : sqliteStore(database, { table }),
    async prepare() {
      apart.exec(`CREATE TABLE ${effects} (id TEXT NOT NULL)`)
    },
    async effect(id, tx) {
      const to = transaction ? (tx as typeof database) : apart
      to.prepare(insert).run(id)
    },
    effects: async () => rows(`SELECT id FROM ${effects}`).map(({ id }) => String(id)),
    kept: async (keys) => inOrder(keys, rows(`SELECT key AS k, state, attempt AS granted FROM ${table}`)),
    async clear() {
      for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
    },
    async close() {
      database.close()
      apart.close()
    },
  }
}
