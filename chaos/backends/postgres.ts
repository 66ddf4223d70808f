import pg from 'pg'
import { postgresStore } from '../../src/stores/postgres'
import { type Backend, effectsOf, inOrder, type Where } from './backend'

export function openPostgres(where: Where): Backend {
  const { url, name: table, transaction } = where
  const pool = new pg.Pool({ connectionString: url, max: 12 })
  // Without a listener the end of the server would be the end of the process.
  pool.on('error', () => {})
  const effects = effectsOf(where)
  const store = postgresStore(pool, { table })
  return {
    store: transaction ? postgresStore(pool, { table, transaction: true }) : store,
    async prepare() {
      await store.ensureSchema()
      await pool.query(`CREATE TABLE ${effects} (id text NOT NULL)`)
    },
    async effect(id, tx) {
      const to = transaction ? (tx as pg.PoolClient) : pool
      await to.query(`INSERT INTO ${effects} (id) VALUES ($1)`, [id])
    },
    effects: async () => (await pool.query(`SELECT id FROM ${effects}`)).rows.map(({ id }) => String(id)),
    kept: async (keys) => {
      const found = await pool.query(`SELECT key AS k, state, attempt AS granted FROM ${table}`)
      return inOrder(keys, found.rows)
    },
    async clear() {
      await pool.query(`DROP TABLE IF EXISTS ${table}, ${effects}`)
    },
    close: () => pool.end(),
  }
}
