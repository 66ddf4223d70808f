import { mysqlStore } from '../../stores/mysql'
import { asked } from '../../stores/store'
import { loadDriver } from './driver'
import type { OpenSettings, OpenStore } from './open'

interface MysqlPool {
  query(text: string, values: unknown[]): Promise<[unknown, unknown]>
  end(): Promise<unknown>
}

const connections = 4

export async function openMysql(url: string, { table, timeoutMs }: OpenSettings): Promise<OpenStore> {
  const { name, module } = await loadDriver(['mysql2/promise'])
  const { createPool } = module as unknown as { createPool(options: object): MysqlPool }
  const uri = url.replace(/^mariadb:/, 'mysql:')
  const pool = createPool({ uri, connectionLimit: connections, connectTimeout: timeoutMs })
  const store = mysqlStore(pool, { table })
  const run = (text: string, values: readonly string[]) => asked(async () => (await pool.query(text, [...values]))[0])
  const columns = 'event_key, state, token, attempt, lease_until, first_seen, expires_at, letter, kept'
  return {
    driver: name,
    store: () => store,
    ask: async (text) => (await run(text, [])) as readonly unknown[],
    schemaProbe: `SELECT ${columns} FROM ${table} WHERE false`,
    forget: async (key) => {
      await run(`DELETE FROM ${table} WHERE event_key = ?`, [key])
    },
    close: async () => {
      await pool.end()
    },
  }
}
