import { existsSync } from 'node:fs'
import { type SqliteDatabase, sqliteStore } from '../../stores/sqlite'
import { asked } from '../../stores/store'
import { loadDriver } from './driver'
import type { OpenSettings, OpenStore } from './open'

type Database = SqliteDatabase & { close(): void }
type DatabaseClass = new (path: string) => Database

/** Under which name each package has its class. */
const classes: Readonly<Record<string, string>> = {
  'node:sqlite': 'DatabaseSync',
  'better-sqlite3': 'default',
  libsql: 'default',
}

export async function openSqlite(path: string, { table }: OpenSettings): Promise<OpenStore> {
  // A driver would make an empty one.
  if (!existsSync(path)) throw new Error('There is no such file.')
  const { name, module } = await loadDriver(Object.keys(classes))
  const Database = module[classes[name] ?? ''] as DatabaseClass
  const database = await asked(() => new Database(path))
  const columns = 'key, state, token, attempt, lease_until, first_seen, expires_at, letter'
  return {
    driver: name,
    store: () => sqliteStore(database, { table }),
    ask: (text) => asked(() => database.prepare(text).all() as readonly unknown[]),
    schemaProbe: `SELECT ${columns} FROM ${table} WHERE false`,
    forget: (key) =>
      asked(() => {
        database.prepare(`DELETE FROM ${table} WHERE key = ? RETURNING 1`).all(...([key] as never[]))
      }),
    close: async () => database.close(),
  }
}
