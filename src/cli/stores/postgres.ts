import { type PostgresClient, postgresStore } from '../../stores/postgres'
import { asked } from '../../stores/store'
import { loadDriver } from './driver'
import type { OpenSettings, OpenStore } from './open'

interface Connection {
  readonly client: PostgresClient
  run(text: string, values: readonly string[]): Promise<readonly unknown[]>
  close(): Promise<unknown>
}

type Connect = (url: string, timeoutMs: number, module: never) => Connection

const connections = 4

const connectors: Readonly<Record<string, Connect>> = {
  pg(url, timeoutMs, { Pool }: { Pool: new (options: object) => PgPool }) {
    const times = { connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs }
    const pool = new Pool({ connectionString: url, max: connections, ...times })
    pool.on('error', () => {})
    return {
      client: pool,
      run: async (text, values) => (await pool.query(text, [...values])).rows,
      close: () => pool.end(),
    }
  },
  postgres(url, timeoutMs, { default: connect }: { default: (url: string, options: object) => PostgresJs }) {
    const sql = connect(url, { max: connections, connect_timeout: timeoutMs / 1000, onnotice: () => {} })
    return {
      client: sql,
      run: async (text, values) => (await sql.unsafe(text, values as never[])) as readonly unknown[],
      close: () => sql.end({ timeout: 1 }),
    }
  },
}

interface PgPool {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
  on(event: 'error', listener: () => void): unknown
  end(): Promise<unknown>
}

interface PostgresJs {
  unsafe(text: string, values: never[]): PromiseLike<unknown>
  end(options: { timeout: number }): Promise<unknown>
}

export async function openPostgres(url: string, { table, timeoutMs }: OpenSettings): Promise<OpenStore> {
  const { name, module } = await loadDriver(Object.keys(connectors))
  const { client, run, close } = (connectors[name] as Connect)(url, timeoutMs, module as never)
  const store = postgresStore(client, { table })
  const columns = 'key, state, token, attempt, lease_until, first_seen, expires_at, expires_on, letter'
  return {
    driver: name,
    store: () => store,
    ask: (text) => asked(() => run(text, [])),
    schemaProbe: `SELECT ${columns} FROM ${table} WHERE false`,
    forget: async (key) => {
      await asked(() => run(`DELETE FROM ${table} WHERE key = $1`, [key]))
    },
    close: async () => {
      await close()
    },
  }
}
