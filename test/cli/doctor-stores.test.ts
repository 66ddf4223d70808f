import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import Database from 'libsql'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { startRedis } from '../../chaos/servers'
import { memoryStore } from '../../src'
import { checkRace } from '../../src/cli/doctor/race'
import type { OpenStore } from '../../src/cli/stores/open'
import { mysqlSchema } from '../../src/stores/mysql'
import { postgresSchema } from '../../src/stores/postgres'
import { sqliteStore } from '../../src/stores/sqlite'
import { payproof } from '../support/command'
import { services } from '../support/services'
import { notRun } from '../support/vectors'
import { diagnosed } from './examine'

const table = `payproof_doctor_${randomUUID().slice(0, 8)}`
const folder = mkdtempSync(join(tmpdir(), 'payproof-doctor-'))
afterAll(() => rmSync(folder, { recursive: true }))

const states = async (url: string, ...args: string[]) => {
  const { checks } = await diagnosed(['doctor', '--store', 'env:STORE', '--table', table, ...args], { STORE: url })
  return Object.fromEntries(checks.map(({ name, state }) => [name, state]))
}
const fine = { store: 'ok', 'store table': 'ok', 'store claims': 'ok', 'store keeping': 'ok' }
const missing = { 'store table': 'problem', 'store claims': 'not_checked' }

function describeService(name: string, url: string | undefined, suite: (url: string) => void): void {
  if (url === undefined) notRun(`no server answers for ${name}`)
  else describe(name, () => suite(url))
}

describeService('Redis', services.redis, (url) => {
  it('is reached, claimed in, and left as it was', async () => {
    const client = new Redis(url)
    const prefix = `${table}:`
    expect(await states(url, '--prefix', prefix)).toMatchObject({
      store: 'ok',
      'store table': 'ok',
      'store claims': 'ok',
    })
    expect(await client.keys(`${prefix}*`)).toEqual([])
    client.disconnect()
  })

  it('is asked how it keeps what it is told', async () => {
    const server = await startRedis()
    try {
      expect(await states(server.url)).toEqual(fine)
      const client = new Redis(server.url)
      await client.config('SET', 'appendonly', 'no')
      expect((await states(server.url))['store keeping']).toBe('problem')
      await client.config('SET', 'save', '900 1')
      expect((await states(server.url))['store keeping']).toBe('warning')
      await client.config('SET', 'appendonly', 'yes')
      await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
      expect((await states(server.url))['store keeping']).toBe('warning')
      await client.config('SET', 'maxmemory', '100mb')
      expect((await states(server.url))['store keeping']).toBe('problem')
      client.disconnect()
    } finally {
      await server.stop()
    }
  })
})

describeService('PostgreSQL', services.postgres, (url) => {
  it('is missed without its table, claimed in with it, and left as it was', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    expect(await states(url)).toMatchObject(missing)
    await pool.query(postgresSchema(table))
    try {
      expect(await states(url)).toEqual(fine)
      expect((await pool.query(`SELECT * FROM ${table}`)).rows).toEqual([])
      await pool.query(`ALTER TABLE ${table} SET UNLOGGED`)
      expect((await states(url))['store keeping']).toBe('problem')
      await pool.query(`ALTER TABLE ${table} DROP COLUMN letter`)
      expect(await states(url)).toMatchObject(missing)
    } finally {
      await pool.query(`DROP TABLE ${table}`).finally(() => pool.end())
    }
  })
})

describeService('MySQL', services.mysql, (url) => {
  it('is missed without its table, claimed in with it, and left as it was', async () => {
    const pool = mysql.createPool({ uri: url, connectionLimit: 1 })
    expect(await states(url)).toMatchObject(missing)
    await pool.query(mysqlSchema(table))
    try {
      expect(await states(url)).toEqual(fine)
      expect((await pool.query(`SELECT * FROM ${table}`))[0]).toEqual([])
      await pool.query(`ALTER TABLE ${table} ENGINE=MyISAM`)
      expect((await states(url))['store keeping']).toBe('problem')
    } finally {
      await pool.query(`DROP TABLE ${table}`).finally(() => pool.end())
    }
  })

  it('that refuses its user says so, without the password', async () => {
    const wrong = new URL(url)
    wrong.password = 'hunter2hunter2'
    const { code, stdout } = await payproof(['doctor', '--store', 'env:DB_PASSWORD_URL'], {
      env: { DB_PASSWORD_URL: wrong.href },
    })
    expect([code, stdout]).toEqual([1, expect.stringMatching(/does not answer/)])
    expect(stdout).not.toContain('hunter2')
  })
})

describe('SQLite', () => {
  it('is claimed in, and left as it was', async () => {
    const path = join(folder, 'events.db')
    const database = new Database(path)
    sqliteStore(database, { table })
    expect(await states(`sqlite:${path}`)).toEqual({ ...fine, 'store keeping': 'warning' })
    expect(database.prepare(`SELECT * FROM ${table}`).all()).toEqual([])
    database.close()
  })

  it('is not made where it is not', async () => {
    const path = join(folder, 'empty.db')
    expect(await states(`sqlite:${path}`)).toMatchObject({ store: 'problem' })
    const database = new Database(path)
    database.exec('CREATE TABLE orders (id TEXT)')
    expect(await states(path)).toMatchObject(missing)
    expect(database.prepare('SELECT name FROM sqlite_master').all()).toEqual([{ name: 'orders' }])
    database.close()
  })
})

describe('a store', () => {
  it.each([
    ['redis', services.redis],
    ['postgres', services.postgres],
  ])('is opened by `%s` too, where that is what is installed', async (driver, url) => {
    if (url === undefined) return notRun(`no server answers for ${driver}`)
    const project = mkdtempSync(join(folder, 'project-'))
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(
      fileURLToPath(new URL(`../../node_modules/${driver}`, import.meta.url)),
      join(project, 'node_modules', driver),
    )
    const args = ['doctor', '--store', url, '--table', table, '--prefix', `${table}:`]
    const { stdout } = await payproof(args, { cwd: project })
    expect(stdout).toContain(`answers, by \`${driver}\``)
    expect(stdout).toMatch(driver === 'redis' ? /one was granted/ : /payproof schema postgres/)
  })

  it('of which nobody answers is a problem', async () => {
    for (const url of ['redis://127.0.0.1:1', 'postgres://me@127.0.0.1:1/shop', 'mysql://me@127.0.0.1:1/shop'])
      expect(await states(url)).toMatchObject({ store: 'problem', 'store claims': 'not_checked' })
  })

  it.each(['redis', 'postgres', 'mysql'])(
    'of %s that takes connections and says nothing is a problem, and no wait',
    async (kind) => {
      const silent = createServer((socket) => socket.on('error', () => {}))
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
      const { port } = silent.address() as AddressInfo
      const started = performance.now()
      expect(await states(`${kind}://me@127.0.0.1:${port}/shop`, '--timeout', '1')).toMatchObject({ store: 'problem' })
      expect(performance.now() - started).toBeLessThan(20_000)
      silent.close()
    },
  )

  it('whose driver is not installed is a problem, which says what to install', async () => {
    for (const [url, driver] of [
      ['redis://h', 'ioredis'],
      ['postgres://h/d', 'pg'],
      ['mysql://h/d', 'mysql2'],
    ] as const) {
      const { code, stdout } = await payproof(['doctor', '--store', url], { cwd: folder })
      expect([code, stdout]).toEqual([1, expect.stringContaining(`\`${driver}\``)])
    }
  })

  it('that is another one on each connection is found by its claims', async () => {
    const opened = (): OpenStore => {
      const store = memoryStore()
      return {
        driver: 'none',
        store: () => store as ReturnType<OpenStore['store']>,
        ask: async () => [],
        forget: async () => {},
        close: async () => {},
      }
    }
    const one = opened()
    expect(await checkRace(one, one, 1000)).toMatchObject({ state: 'ok' })
    expect(await checkRace(one, opened(), 1000)).toMatchObject({
      state: 'problem',
      seen: expect.stringContaining('2 were granted'),
    })
  })
})
