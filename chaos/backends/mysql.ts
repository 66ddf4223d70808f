import mysql from 'mysql2/promise'
import { mysqlStore } from '../../src/stores/mysql'
import { type Backend, effectsOf, inOrder, type Where } from './backend'

export function openMysql(where: Where): Backend {
  const { url, name: table, transaction } = where
  const pool = mysql.createPool({ uri: url, connectionLimit: 12 })
  const effects = effectsOf(where)
  const store = mysqlStore(pool, { table })
  const rows = async (text: string) => (await pool.query<mysql.RowDataPacket[]>(text))[0]
  return {
    store: transaction ? mysqlStore(pool, { table, transaction: true }) : store,
    async prepare() {
      await store.ensureSchema()
      await pool.query(`CREATE TABLE ${effects} (id varchar(100) NOT NULL) ENGINE=InnoDB`)
    },
    async effect(id, tx) {
      const to = transaction ? (tx as mysql.PoolConnection) : pool
      await to.query(`INSERT INTO ${effects} (id) VALUES (?)`, [id])
    },
    effects: async () => (await rows(`SELECT id FROM ${effects}`)).map((row) => String(row['id'])),
    kept: async (keys) => inOrder(keys, await rows(`SELECT event_key AS k, state, attempt AS granted FROM ${table}`)),
    async clear() {
      await pool.query(`DROP TABLE IF EXISTS ${table}, ${effects}`)
    },
    close: () => pool.end(),
  }
}
