import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import Database from 'libsql'
import mysql from 'mysql2/promise'
import pg from 'pg'
import postgres from 'postgres'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type IdempotencyStore, type Letters, memoryStore } from '../src'
import { mysqlStore } from '../src/stores/mysql'
import { postgresSchema, postgresStore, type SqlStore } from '../src/stores/postgres'
import { redisStore } from '../src/stores/redis'
import { sqliteSchema, sqliteStore } from '../src/stores/sqlite'
import { type StoreCheck, storeContract } from '../src/testing'
import { thrown } from './support/errors'
import { services } from './support/services'
import { sleep, until } from './support/shop'
import { notRun } from './support/vectors'

/** A store on a server or file of its own kind; leaves nothing behind. */
interface Setup {
  make(): IdempotencyStore<unknown>
  end(): Promise<unknown>
}
const run = `payproof_${randomUUID().slice(0, 8)}`

const stores: [string, string | undefined, () => Promise<Setup>][] = [
  [
    'memory',
    'here',
    async () => {
      const store = memoryStore()
      return { make: () => store, end: async () => {} }
    },
  ],
  [
    'sqlite (libsql), four connections',
    'here',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'payproof-'))
      const connections = Array.from({ length: 4 }, () => new Database(join(folder, 'events.db')))
      const made = connections.map((connection) => sqliteStore(connection, { transaction: true }))
      let next = 0
      return {
        make: () => made[next++ % 4] as IdempotencyStore<unknown>,
        end: async () => {
          for (const connection of connections) connection.close()
          rmSync(folder, { recursive: true })
        },
      }
    },
  ],
  [
    'redis (ioredis)',
    services.redis,
    async () => {
      const client = new Redis(services.redis ?? '')
      return {
        make: () => redisStore(client, { prefix: `${run}:`, warn: () => {} }),
        end: () => forgetRedis(client).then(() => client.quit()),
      }
    },
  ],
  [
    'redis (ioredis), before Redis 7',
    services.redis,
    async () => {
      const client = new Redis(services.redis ?? '')
      const send = async ([command = '', ...args]: string[]) => {
        if (args.includes('NX') && args.includes('GET')) throw new Error('ERR syntax error')
        return client.call(command, ...args)
      }
      return {
        make: () => redisStore(send, { prefix: `${run}:6:`, warn: () => {} }),
        end: () => forgetRedis(client).then(() => client.quit()),
      }
    },
  ],
  [
    'redis (node-redis)',
    services.redis,
    async () => {
      const client = createClient({ url: services.redis ?? '' })
      await client.connect()
      const send = (args: string[]) => client.sendCommand(args)
      return {
        make: () => redisStore({ sendCommand: send }, { prefix: `${run}:`, warn: () => {} }),
        end: () => client.close(),
      }
    },
  ],
  [
    'postgres (pg)',
    services.postgres,
    async () => {
      const pool = new pg.Pool({ connectionString: services.postgres, max: 16 })
      const store = postgresStore(pool, { table: `${run}_pg` })
      await store.ensureSchema()
      return {
        make: () => postgresStore(pool, { table: `${run}_pg`, transaction: true, prepare: false }),
        end: () => pool.query(`DROP TABLE ${run}_pg`).then(() => pool.end()),
      }
    },
  ],
  [
    'postgres (pg, prepared)',
    services.postgres,
    async () => {
      const pool = new pg.Pool({ connectionString: services.postgres, max: 16 })
      const store = postgresStore(pool, { table: `${run}_prepared`, transaction: true })
      await store.ensureSchema()
      return { make: () => store, end: () => pool.query(`DROP TABLE ${run}_prepared`).then(() => pool.end()) }
    },
  ],
  [
    'postgres (postgres.js)',
    services.postgres,
    async () => {
      const sql = postgres(services.postgres ?? '', { max: 16, onnotice: () => {} })
      const store = postgresStore(sql, { table: `${run}_js`, transaction: true })
      await store.ensureSchema()
      return { make: () => store, end: () => sql.unsafe(`DROP TABLE ${run}_js`).then(() => sql.end()) }
    },
  ],
  [
    'mysql (mysql2)',
    services.mysql,
    async () => {
      const pool = mysql.createPool({ uri: services.mysql ?? '', connectionLimit: 16 })
      const store = mysqlStore(pool, { table: run, transaction: true })
      await store.ensureSchema()
      return { make: () => store, end: () => pool.query(`DROP TABLE ${run}`).then(() => pool.end()) }
    },
  ],
]

async function forgetRedis(client: Redis): Promise<void> {
  const keys = await client.keys(`${run}:*`)
  if (keys.length > 0) await client.del(...keys)
}

describe.each(stores)('%s', (name, where, setUp) => {
  if (where === undefined) {
    const what = `no server answers for ${name}`
    if (process.env['CI'] === 'true') it(what, () => expect.unreachable(what))
    else notRun(what)
    return
  }
  let setup: Setup | undefined
  const make = () => {
    if (setup === undefined) throw new Error('not set up')
    return setup.make()
  }
  beforeAll(async () => {
    setup = await setUp()
  })
  afterAll(async () => {
    await setup?.end()
  })

  it.each(storeContract(make))('$name', ({ run }) => run())

  it('forgets in batches what has expired, never what is held', async () => {
    const store = make() as IdempotencyStore<unknown> & Partial<SqlStore<unknown>>
    if (store.prune === undefined) return
    const keys = Array.from({ length: 5 }, () => `prune:${randomUUID()}`)
    for (const key of keys) {
      const claim = await store.claim(key, 0.01)
      if (claim.state === 'acquired' && key !== keys[0]) await store.complete(key, claim.token, 0.01)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
    let pruned = 0
    for (let n = await store.prune(2); n > 0; n = await store.prune(2)) {
      expect(n).toBeLessThanOrEqual(2)
      pruned += n
    }
    expect(pruned).toBeGreaterThanOrEqual(4)
    expect(await store.claim(keys[0] ?? '', 60)).toMatchObject({ state: 'acquired', attempt: 2 })
  })

  it.each(['', 'a b', 'é', 'x'.repeat(513), 'a\u0000'])('refuses the key %j', async (key) => {
    if (name === 'memory') return
    await expect(make().claim(key, 60)).rejects.toThrow('A key must be')
  })
})

describe('what is handed in', () => {
  it.each([
    ['redisStore', () => redisStore(undefined as never)],
    ['postgresStore', () => postgresStore({} as never)],
    ['mysqlStore', () => mysqlStore(null as never)],
    ['sqliteStore', () => sqliteStore({ exec() {} } as never)],
    ['table', () => postgresStore(async () => [], { table: 'events; DROP TABLE orders' })],
  ])('%s says what it takes', (name, make) => {
    expect(thrown(make).code).toBe('configuration_invalid')
    expect(thrown(make).hint).toContain(name)
  })
})

describe('redis expiry', () => {
  if (services.redis === undefined) return notRun('no server answers for the expiry of redis')
  const client = new Redis(services.redis)
  const prefix = `${run}:expiry:`
  afterAll(() => forgetRedis(client).then(() => client.quit()))

  it('forgets what nobody completes, and never takes a letter', async () => {
    const store = redisStore(client, { prefix, warn: () => {} })
    const days = async () => Math.round((await client.pttl(`${prefix}{a}`)) / 86_400_000)
    const claim = async (letter?: string) => {
      const claimed = await store.claim('a', 60, letter)
      return claimed.state === 'acquired' ? claimed.token : expect.unreachable(claimed.state)
    }
    const first = await claim()
    expect(await days()).toBe(30)
    await store.release('a', first)
    expect(await days()).toBe(30)
    const second = await claim('letter')
    expect(await days()).toBeGreaterThan(2900)
    await store.renew('a', second, 60)
    expect(await days()).toBeGreaterThan(2900)
    await store.release('a', second)
    expect(await client.pttl(`${prefix}{a}`)).toBe(-1)
    expect(await store.letters?.discard('a')).toBe(true)
    expect(await days()).toBe(30)
    await store.complete('a', await claim('letter'), 7 * 86_400)
    expect(await days()).toBe(7)
  })
})

describe('redis connections', () => {
  if (services.redis === undefined) return notRun('no server answers for the connections of redis')
  const client = new Redis(services.redis)
  const sent = (args: string[]) => client.call(...(args as [string, ...string[]]))
  const options = { prefix: `${run}:connections:`, warn: () => {} }
  const index = `${options.prefix}letters`
  afterAll(() => forgetRedis(client).then(() => client.quit()))

  it.each([
    ['new key', 'SET', undefined],
    ['key with a letter', 'EVAL', 'letter'],
  ])('a client that sends a claim again has it: %s', async (key, repeated, letter) => {
    const twice = async (args: string[]) => {
      if (args[0] === repeated) await sent(args)
      return sent(args)
    }
    const id = key.replaceAll(' ', '-')
    expect(await redisStore(twice, options).claim(id, 60, letter)).toMatchObject({ state: 'acquired', attempt: 1 })
    expect(await redisStore(sent, options).claim(id, 60)).toMatchObject({ state: 'in_progress' })
  })

  it('a client that answers nil in its own way is granted what it claimed', async () => {
    const undefinedForNil = async (args: string[]) => (await sent(args)) ?? undefined
    expect((await redisStore(undefinedForNil, options).claim('nil', 60)).state).toBe('acquired')
  })

  it.each([1, 2])('a process that ends behind its command %i leaves no letter that is not listed', async (last) => {
    const passed: Promise<unknown>[] = []
    const ending = async ([command = '', ...args]: string[]) => {
      if (command === 'INFO' || passed.length === last) return new Promise(() => {})
      passed.push(sent([command, ...args]))
      return passed.at(-1)
    }
    const key = `ends:${last}`
    void redisStore(ending, options).claim(key, 60, 'letter')
    await until(() => passed.length === last)
    await Promise.all(passed)
    const [letter, score] = [await client.get(`${options.prefix}{${key}}`), await client.zscore(index, key)]
    expect([letter !== null, score]).toEqual([last === 2, '0'])
  })

  it('a letter is listed whose entry went while it was written', async () => {
    const store = redisStore(sent, options)
    const slow = async (args: string[]) => {
      if (args[0] === 'EVAL') await sleep(20).then(() => store.letters?.list('slow', '', 9))
      return sent(args)
    }
    const claim = await redisStore(slow, options).claim('slow', 60, 'letter')
    if (claim.state === 'acquired') await store.release('slow', claim.token)
    expect((await store.letters?.list('slow', '', 9))?.map(({ key }) => key)).toEqual(['slow'])
  })

  it('a claim whose letter is not listed is given back', async () => {
    const noIndex = async (args: string[]) => {
      if (args[0] === 'ZADD') throw new Error('CLUSTERDOWN')
      return sent(args)
    }
    await expect(redisStore(noIndex, options).claim('unlisted', 60, 'letter')).rejects.toThrow('CLUSTERDOWN')
    const claim = await redisStore(sent, options).claim('unlisted', 60)
    expect(claim).toMatchObject({ state: 'acquired', attempt: 2 })
  })
})

describe('redis durability', () => {
  it('warns once, at the first claim, of what can lose keys', async () => {
    const warnings: string[] = []
    const answers = new Map([['INFO', 'aof_enabled:0\r\nmaxmemory_policy:allkeys-lru\r\n']])
    const store = redisStore(async ([command = '']) => answers.get(command) ?? null, {
      warn: (text) => warnings.push(text),
    })
    await store.claim('a', 60)
    await store.claim('b', 60)
    expect(warnings.map((text) => /AOF|allkeys-lru/.exec(text)?.[0])).toEqual(['AOF', 'allkeys-lru'])
  })

  it('refuses a claim that too few replicas have, and gives it back', async () => {
    const scripts: string[] = []
    const store = redisStore(
      async ([command = '', script = '']) => {
        if (command === 'EVAL') scripts.push(script)
        return command === 'WAIT' ? 0 : command === 'EVAL' ? 1 : null
      },
      { waitReplicas: 1, warn: () => {} },
    )
    await expect(store.claim('a', 60)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(scripts.map((script) => /'[bfd]:' \.\. n/.exec(script)?.[0])).toEqual(["'f:' .. n"])
  })

  it.each([0, -1, 0.5, Number.NaN])('refuses to wait %d ms for replicas', (waitMs) => {
    expect(() => redisStore(async () => null, { waitReplicas: 1, waitMs })).toThrow('waitMs')
  })

  it('refuses a letter that too few replicas have', async () => {
    const store = redisStore(async ([command = '']) => (command === 'WAIT' ? 0 : command === 'EVAL' ? 1 : 'hash'), {
      waitReplicas: 1,
      warn: () => {},
    })
    await expect(store.release('a', 'token', 'letter')).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it('grants a claim though the script cannot be kept', async () => {
    const store = redisStore(
      async ([command = '']) => {
        if (command === 'SCRIPT') throw new Error('NOPERM')
        return ['acquired', 1]
      },
      { warn: () => {} },
    )
    for (const key of ['a', 'b']) expect((await store.claim(key, 60, 'letter')).state).toBe('acquired')
  })

  it('sends a script again when the server has forgotten it', async () => {
    const sent: string[] = []
    const store = redisStore(
      async ([command = '']) => {
        sent.push(command)
        if (command === 'EVALSHA' && sent.filter((name) => name === 'EVALSHA').length === 2)
          throw new Error('NOSCRIPT No matching script')
        return command.startsWith('EVAL') ? ['acquired', 1] : 'hash'
      },
      { warn: () => {} },
    )
    for (const key of ['a', 'b', 'c', 'd']) expect((await store.claim(key, 60, 'letter')).state).toBe('acquired')
    expect(sent.filter((name) => name.startsWith('EVAL'))).toEqual(['EVAL', 'EVALSHA', 'EVALSHA', 'EVAL', 'EVALSHA'])
  })
})

describe('prepared statements', () => {
  /** A pool, and the names of what it was sent; fails what has a name with this code. */
  function poolWith(code?: string) {
    const names: (string | undefined)[] = []
    const query = async (statement: string | { name: string }) => {
      const name = typeof statement === 'string' ? undefined : statement.name
      names.push(name)
      if (code !== undefined && name !== undefined) throw Object.assign(new Error('no'), { code })
      return { rows: [{ attempt: 1 }] }
    }
    return { names, query: query as never, totalCount: 1 }
  }

  it.each(['26000', '42P05'])('are given up where a pooler keeps none: %s', async (code) => {
    const pool = poolWith(code)
    const store = postgresStore(pool)
    for (const key of ['a', 'b']) expect((await store.claim(key, 60)).state).toBe('acquired')
    expect(pool.names).toEqual([expect.stringMatching(/^payproof_[0-9a-f]{16}$/), undefined, undefined])
  })

  it('are kept where only the shape of a column has changed, and nothing fails for it', async () => {
    const pool = poolWith('0A000')
    const store = postgresStore(pool)
    for (const key of ['a', 'b']) expect((await store.claim(key, 60)).state).toBe('acquired')
    expect(pool.names.map((name) => name === undefined)).toEqual([false, true, false, true])
  })

  it('are kept after any other error', async () => {
    const pool = poolWith('57P01')
    const store = postgresStore(pool)
    for (const key of ['a', 'b']) await expect(store.claim(key, 60)).rejects.toMatchObject({ code: '57P01' })
    expect(pool.names).not.toContain(undefined)
  })

  it('are not tried when they are not wanted, or nobody knows whether the client can', async () => {
    const [pool, { names, query }] = [poolWith(), poolWith()]
    await postgresStore(pool, { prepare: false }).claim('a', 60)
    await postgresStore({ query }).claim('a', 60)
    expect([...pool.names, ...names]).toEqual([undefined, undefined])
    expect(thrown(() => postgresStore(async () => [], { prepare: true })).code).toBe('configuration_invalid')
  })

  if (services.postgres === undefined) return notRun('no server answers that could lose a prepared statement')
  it('may be lost by the server', async () => {
    const pool = new pg.Pool({ connectionString: services.postgres, max: 1 })
    const table = `${run}_lost`
    const store = postgresStore(pool, { table })
    await store.ensureSchema()
    const claim = async (key: string) => (await store.claim(key, 60)).state
    expect([await claim('a'), await claim('b')]).toEqual(['acquired', 'acquired'])
    await pool.query('DEALLOCATE ALL')
    expect([await claim('c'), await claim('c'), await claim('a')]).toEqual(['acquired', 'in_progress', 'in_progress'])
    await pool.query(`DROP TABLE ${table}`)
    await pool.end()
  })
})

describe('a table to be made', () => {
  if (services.postgres === undefined) notRun('no server answers for PostgreSQL: several that make a table at once')
  else
    it('by several PostgreSQL clients at once is made once', async () => {
      const pool = new pg.Pool({ connectionString: services.postgres, max: 6 })
      const table = `${run}_at_once`
      for (let round = 0; round < 5; round++) {
        await Promise.all([...Array(6)].map(() => postgresStore(pool, { table }).ensureSchema()))
        await pool.query(`DROP TABLE ${table}`)
      }
      await pool.end()
    })

  it('has indexes of its own in a schema with a long name', () => {
    const table = `${'s'.repeat(50)}.${'t'.repeat(50)}`
    const made = [...postgresSchema(table).matchAll(/INDEX IF NOT EXISTS (\S+)/g)]
    expect(new Set(made.map(([, name = '']) => name.slice(0, 63))).size).toBe(2)
  })

  it('is refused by a MySQL session in which letters would be changed', async () => {
    const store = mysqlStore(async () => [{ autocommit: 1, sql_mode: 'ANSI,NO_BACKSLASH_ESCAPES' }])
    await expect(store.ensureSchema()).rejects.toThrow('NO_BACKSLASH_ESCAPES')
  })
})

describe('sqlite', () => {
  it('may be in an attached file', async () => {
    const database = new Database(':memory:')
    database.exec("ATTACH ':memory:' AS shop")
    const store = sqliteStore(database, { table: 'shop.events' })
    const claimed = await store.claim('a', 60)
    expect(claimed.state === 'acquired' && (await store.complete('a', claimed.token, 60))).toBe(true)
    expect((await store.claim('a', 60)).state).toBe('completed')
    expect(await store.prune()).toBe(0)
    database.close()
  })

  it('waits for others from the first statement on', () => {
    const sent: string[] = []
    const prepare = () => ({ get: () => undefined, all: () => [] })
    sqliteStore({ exec: (text) => sent.push(text), prepare })
    expect(sent[0]).toContain('busy_timeout')
  })

  it('is believed only what is committed', async () => {
    const database = new Database(':memory:')
    const late = 'key TEXT PRIMARY KEY REFERENCES nowhere DEFERRABLE INITIALLY DEFERRED'
    database.exec('PRAGMA foreign_keys = ON; CREATE TABLE nowhere (key TEXT PRIMARY KEY)')
    database.exec(sqliteSchema().replace('key TEXT PRIMARY KEY', late))
    await expect(sqliteStore(database).claim('a', 60)).rejects.toThrow('FOREIGN KEY')
    database.close()
  })
})

describe("a client's error", () => {
  const letter = '{"rawBody":"the whole body","token":"merchant-token-0123456789"}'
  const failing = (error: object) => () => Promise.reject(Object.assign(new Error(), error))
  const mysqlError = {
    message: `Incorrect string value: '${letter}' for column`,
    code: 'ER_X',
    errno: 1366,
    sql: `UPDATE ${letter}`,
  }
  const redisError = {
    message: `ERR unknown command 'EVAL', with args beginning with: '${letter}' `,
    command: { args: [letter] },
  }

  it.each<[string, IdempotencyStore]>([
    ['mysql2', mysqlStore({ query: failing(mysqlError) })],
    ['ioredis', redisStore({ call: failing(redisError) })],
    ['node-redis', redisStore({ sendCommand: failing(redisError) })],
    ['pg', postgresStore({ query: failing({ message: 'no', code: '22021', detail: letter, parameters: [letter] }) })],
  ])('of %s is passed on without what was sent', async (_, store) => {
    for (const call of [store.claim('a', 60, letter), store.release('a', 'b', letter)]) {
      const error = await call.then(
        () => new Error('it did not fail'),
        (caught: unknown) => caught,
      )
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/merchant-token|whole body|did not fail/)
    }
  })
})

describe('a deadlock', () => {
  it.each(['40001', '40P01'])('is tried once more: %s', async (code) => {
    let left = 1
    const store = postgresStore(async () => {
      if (left-- > 0) throw Object.assign(new Error('try again'), { code })
      return [{ attempt: 1 }]
    })
    expect((await store.claim('a', 60)).state).toBe('acquired')
    left = 2
    await expect(store.claim('a', 60)).rejects.toMatchObject({ code })
  })

  it('is the only failure that is', async () => {
    let calls = 0
    const store = mysqlStore(async () => {
      calls++
      throw Object.assign(new Error('read only'), { code: 'ER_OPTION_PREVENTS_STATEMENT' })
    })
    await expect(store.claim('a', 60)).rejects.toThrow('read only')
    expect(calls).toBe(1)
  })
})

describe('the contract', () => {
  /** A store with one fault, and a check that must find it. */
  const broken: [string, (store: IdempotencyStore<unknown>) => Partial<IdempotencyStore<unknown>>][] = [
    ['grants every claim', () => ({ claim: async () => ({ state: 'acquired', token: randomUUID(), attempt: 1 }) })],
    ['takes a completion from anybody', () => ({ complete: async () => true })],
    ['takes a release from anybody', () => ({ release: async () => true })],
    ['takes a renewal from anybody', () => ({ renew: async () => true })],
    ['never completes', (store) => ({ complete: async (key, token) => store.release(key, token) })],
    ['never gives back', () => ({ release: async () => true })],
    ['does not renew', () => ({ renew: async () => true })],
    ['never lets a lease run out', (store) => ({ claim: (key) => store.claim(key, 3600) })],
    ['never forgets', (store) => ({ complete: (key, token) => store.complete(key, token, 9_999_999) })],
    [
      'completes what is given back',
      (store) => ({
        claim: (key, lease) => sleep(5).then(() => store.claim(key, lease)),
        release: (key, token) => store.complete(key, token, 3600),
      }),
    ],
    ['folds keys', (store) => ({ claim: (key, lease) => store.claim(key.toLowerCase().replace(/\W/g, ''), lease) })],
    [
      'counts nothing',
      (store) => ({ claim: async (key, lease) => ({ ...(await store.claim(key, lease)), attempt: 1 }) as never }),
    ],
    [
      'says nothing of the time left',
      (store) => ({
        claim: async (key, lease) => ({ ...(await store.claim(key, lease)), retryAfterSeconds: 0 }) as never,
      }),
    ],
    ["trusts the worker's clock", () => memoryStore({ now: () => Date.now() })],
    ['keeps no letter of a claim', (store) => ({ claim: (key, lease) => store.claim(key, lease) })],
    ['keeps no letter of a release', (store) => ({ release: (key, token) => store.release(key, token) })],
    [
      'keeps a letter for ever',
      (store) => withLetters(store, { get: async (key) => ({ key, text: 'failed', attempts: 2 }) }),
    ],
    ['lists no letters', (store) => withLetters(store, { list: async () => [] })],
    [
      'lists letters in no order',
      (store) => withLetters(store, { list: async (...page) => [...(await lettersOf(store).list(...page))].reverse() }),
    ],
    [
      'lists what is being handled',
      (store) =>
        withLetters(store, {
          list: async (key) => [await lettersOf(store).get(key)].filter((letter) => letter !== undefined),
        }),
    ],
    ['discards nothing', (store) => withLetters(store, { discard: async () => true })],
    [
      'cuts long letters',
      (store) => ({ release: (key, token, letter) => store.release(key, token, letter?.slice(0, 65_535)) }),
    ],
    ['takes a late letter', (store) => lateLetters(store)],
    ['commits what is rolled back', (store) => ({ transaction: (work) => work(undefined, store.complete) })],
    ['rolls back what is committed', () => ({ transaction: (work) => work(undefined, async () => true) })],
    [
      'asks for no owner in a transaction',
      (store) => ({
        transaction: (work) =>
          work(undefined, async (key, token, retention) => {
            await store.complete(key, token, retention)
            return true
          }),
      }),
    ],
  ]

  const lettersOf = (store: IdempotencyStore<unknown>): Letters => {
    if (store.letters === undefined) throw new Error('no letters')
    return store.letters
  }
  const withLetters = (store: IdempotencyStore<unknown>, fault: Partial<Letters>) => ({
    letters: { ...lettersOf(store), ...fault },
  })
  const lateLetters = (store: IdempotencyStore<unknown>): Partial<IdempotencyStore<unknown>> => {
    const late = new Map<string, string>()
    return {
      release: async (key, token, letter) => {
        if (letter !== undefined) late.set(key, letter)
        return store.release(key, token, letter)
      },
      ...withLetters(store, {
        get: async (key) => {
          const letter = await lettersOf(store).get(key)
          return letter && { ...letter, text: late.get(key) ?? letter.text }
        },
      }),
    }
  }

  /** Memory, with transactions in which a completion waits for the commit. */
  const sound = (): IdempotencyStore<unknown> => {
    const store = memoryStore()
    return {
      ...store,
      async transaction(work) {
        let commit = async () => true
        await work(undefined, async (key, token, retention) => {
          commit = () => store.complete(key, token, retention)
          return store.renew(key, token, 60)
        })
        await commit()
      },
    }
  }

  const turnsTheClock = ({ name }: StoreCheck) => name.includes('clock')

  /** The checks that a store fails. */
  async function failures(checks: readonly StoreCheck[]): Promise<string[]> {
    const failed: string[] = []
    await Promise.all(checks.map(({ name, run }) => run().catch(() => failed.push(name))))
    return failed
  }

  it('finds every one of these faults, and has no check that finds none', async () => {
    const found = new Map(broken.map(([fault]) => [fault, [] as string[]]))
    const suites = broken.map(([fault, breakIt]) => {
      const store = sound()
      return [fault, storeContract(() => ({ ...store, ...breakIt(store) }))] as const
    })
    const note = async (fault: string, checks: readonly StoreCheck[]) =>
      found.get(fault)?.push(...(await failures(checks)))
    await Promise.all(
      suites.map(([fault, checks]) =>
        note(
          fault,
          checks.filter((check) => !turnsTheClock(check)),
        ),
      ),
    )
    for (const [fault, checks] of suites) await note(fault, checks.filter(turnsTheClock))
    expect([...found].filter(([, names]) => names.length === 0)).toEqual([])
    const names = new Set([...found.values()].flat())
    expect(storeContract(sound).filter(({ name }) => !names.has(name))).toEqual([])
  })

  it('finds nothing in a sound store', async () => {
    const store = sound()
    for (const check of storeContract(() => store))
      expect([check.name, await failures([check])]).toEqual([check.name, []])
  })
})
