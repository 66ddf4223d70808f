import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { postgresStore } from '../../src/stores/postgres'
import { redisStore } from '../../src/stores/redis'
import { describeOn, services } from '../support/services'
import { property } from './play'
import { plays, type Step } from './store-model'
import { Play } from './store-play'

const run = `payproof_${crypto.randomUUID().slice(0, 8)}`
let played = 0

describeOn('the store in Redis and its model', services.redis, (url) => {
  const client = new Redis(url)
  const names = ['a:1', 'a:2', 'a:~', 'b:1']
  afterAll(() => client.quit())

  /** Time passes for a server's keys when what is left of each is less. */
  async function pass(seconds: number, records: readonly string[]): Promise<void> {
    for (const record of records) {
      const left = await client.pttl(record)
      if (left > 0) await client.pexpire(record, left - seconds * 1000)
    }
  }
  // In Redis there is no letter of no characters.
  const withoutEmpty = (step: Step): Step =>
    'letter' in step && step.letter === '' ? { ...step, letter: undefined } : step

  property('redisStore does what the model does', plays, async (steps) => {
    const prefix = `${run}:${played++}:`
    const records = names.map((name) => `${prefix}{${name}}`)
    const store = redisStore(client, { prefix, warn: () => {} })
    const play = new Play('', 'none', 0.4)
    for (const step of steps.map(withoutEmpty)) {
      if (step.does === 'wait') await pass(step.seconds, records)
      await play.step(store, step)
    }
    await client.del(`${prefix}letters`, ...records)
  })
})

describeOn('the store in PostgreSQL and its model', services.postgres, (url) => {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  const clock = `${run}_clock`
  beforeAll(async () => {
    await postgresStore(pool, { table: run }).ensureSchema()
    await pool.query(`CREATE TABLE ${clock} AS SELECT now() AS at`)
  })
  afterAll(() => pool.query(`DROP TABLE ${run}, ${clock}`).then(() => pool.end()))

  property('postgresStore does what the model does', plays, async (steps) => {
    const told = (text: string) => text.replaceAll('clock_timestamp()', `(SELECT at FROM ${clock})`)
    const store = postgresStore(async (text, values) => (await pool.query(told(text), values)).rows, { table: run })
    const play = new Play(`${played++}:`)
    for (const step of steps) {
      await pool.query(`UPDATE ${clock} SET at = to_timestamp($1::float8 / 1000)`, [play.model.nowMs])
      await play.step(store, step)
    }
  })
})
