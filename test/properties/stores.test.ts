import Database from 'libsql'
import { afterAll, describe } from 'vitest'
import { memoryStore } from '../../src/stores/memory'
import { type SqliteDatabase, sqliteStore } from '../../src/stores/sqlite'
import { property } from './play'
import { plays } from './store-model'
import { Play } from './store-play'

describe('stores and their model', () => {
  property('memoryStore does what the model does', plays, async (steps) => {
    const play = new Play('')
    const store = memoryStore({ now: () => play.model.nowMs })
    for (const step of steps) await play.step(store, step)
  })

  property('memoryStore with little room forgets nothing that is needed', plays, async (steps) => {
    const play = new Play('', 'when full')
    const store = memoryStore({ now: () => play.model.nowMs, maxRecords: 2 })
    for (const step of steps) await play.step(store, step)
  })

  const { database, setClock, close } = clocked()
  afterAll(close)
  const store = sqliteStore(database)
  let played = 0
  property('sqliteStore does what the model does', plays, async (steps) => {
    const play = new Play(`${played++}:`)
    for (const step of steps) {
      setClock(play.model.nowMs)
      await play.step(store, step)
    }
  })
})

/** A database whose `now` is told, so that a lease runs out without anybody waiting for it. */
function clocked() {
  const inner = new Database(':memory:')
  inner.exec('CREATE TABLE clock (ms INTEGER NOT NULL); INSERT INTO clock VALUES (0)')
  const clock = `CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)`
  const database: SqliteDatabase = {
    exec: (sql) => inner.exec(sql),
    prepare(sql) {
      const told = sql.replaceAll(clock, '(SELECT ms FROM clock)')
      // A store that reads the time in another way would pass by its own clock.
      if (/julianday|'now'|unixepoch/.test(told)) throw new Error(`a clock that cannot be told: ${sql}`)
      return inner.prepare(told)
    },
  }
  const set = inner.prepare('UPDATE clock SET ms = ?')
  return { database, setClock: (ms: number) => set.run(ms), close: () => inner.close() }
}
