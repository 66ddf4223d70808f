import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import Database from 'libsql'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { nodeWebhook } from '../../adapters/node'
import { caspay, createReceiver, type IdempotencyStore, mugglepay, type Provider, payqi } from '../../src'
import { mysqlStore } from '../../src/stores/mysql'
import { postgresStore } from '../../src/stores/postgres'
import { redisStore } from '../../src/stores/redis'
import { sqliteStore } from '../../src/stores/sqlite'
import { signDelivery } from '../../src/testing'
import { bundled, payproof } from '../support/command'
import { services } from '../support/services'
import { notRun } from '../support/vectors'
import { at, secret } from './examine'

const table = `payproof_letters_${randomUUID().slice(0, 8)}`
const folder = mkdtempSync(join(tmpdir(), 'payproof-letters-'))
const token = 'merchant-token-0123456789'
afterAll(() => rmSync(folder, { recursive: true }))

/** Receives a genuine delivery with a handler that fails. */
async function fail(
  store: IdempotencyStore,
  provider: Provider,
  delivery: { headers: Readonly<Record<string, string>>; body: string },
  now = Date.now,
) {
  const receiver = createReceiver({ provider, store, now, observe: () => {} })
  const { kind } = await receiver.receive(delivery, () => {
    throw new Error('no stock')
  })
  expect(kind).toBe('failed')
}

const address = { PAYPROOF_STORE: '' }
const command = (args: string[], env: Record<string, string> = address) =>
  payproof(['dead-letters', args[0] ?? '', '--table', table, '--prefix', `${table}:`, ...args.slice(1)], { env })
const letters = ['--provider', 'caspay']

const stores: [
  string,
  string | undefined,
  () => Promise<{ url: string; store: IdempotencyStore; end(): Promise<unknown> }>,
][] = [
  [
    'SQLite',
    'here',
    async () => {
      const path = join(folder, 'all.db')
      const database = new Database(path)
      return { url: `sqlite:${path}`, store: sqliteStore(database, { table }), end: async () => database.close() }
    },
  ],
  [
    'Redis',
    services.redis,
    async () => {
      const url = services.redis ?? ''
      const client = new Redis(url)
      const end = async () => {
        await client.del(...(await client.keys(`${table}:*`)), 'none')
        client.disconnect()
      }
      return { url, store: redisStore(client, { prefix: `${table}:`, warn: () => {} }), end }
    },
  ],
  [
    'PostgreSQL',
    services.postgres,
    async () => {
      const url = services.postgres ?? ''
      const pool = new pg.Pool({ connectionString: url })
      const store = postgresStore(pool, { table })
      await store.ensureSchema()
      return { url, store, end: () => pool.query(`DROP TABLE ${table}`).then(() => pool.end()) }
    },
  ],
  [
    'MySQL',
    services.mysql,
    async () => {
      const url = services.mysql ?? ''
      const pool = mysql.createPool({ uri: url })
      const store = mysqlStore(pool, { table })
      await store.ensureSchema()
      return { url, store, end: () => pool.query(`DROP TABLE ${table}`).then(() => pool.end()) }
    },
  ],
]

describe.each(stores)('letters in %s', (name, where, open) => {
  if (where === undefined) return notRun(`no server answers for ${name}`)

  it('are listed, shown, posted, handled and dropped', async () => {
    const { url, store, end } = await open()
    const env = { PAYPROOF_STORE: url }
    try {
      for (const id of ['evt_1', 'evt_2', 'evt_3'])
        await fail(
          store,
          caspay({ secret }),
          signDelivery('caspay', 'payment.completed', { secret, id, form: 'documented' }),
        )
      const listed = (await command(['list', ...letters, '--json'], env)).json<{ letters: { id: string }[] }>()
      expect(listed.letters).toMatchObject(
        ['evt_1', 'evt_2', 'evt_3'].map((id) => ({
          id,
          type: 'payment.completed',
          reason: 'handler_failed',
          attempts: 1,
        })),
      )
      expect((await command(['show', 'evt_2', ...letters], env)).stdout).toContain('payment.completed')
      expect((await command(['discard', 'evt_1', ...letters], env)).code).toBe(0)
      expect((await command(['discard', 'evt_1', ...letters], env)).code).toBe(1)

      const handled: string[] = []
      const endpoint = await at(
        nodeWebhook(createReceiver({ provider: caspay({ secret }), store, observe: () => {} }), ({ id }) => {
          if (id === 'evt_3') throw new Error('no stock')
          handled.push(id)
        }),
      )
      const posted = await command(['replay', '--all', ...letters, '--to', endpoint], env)
      expect([posted.code, handled]).toEqual([1, ['evt_2']])
      expect(posted.stdout).toMatch(/^handled +evt_2 .*\nnot handled +evt_3 +answered 500 handler_failed/)
      expect((await command(['list', ...letters], env)).stdout).toMatch(/^[^\n]*evt_3[^\n]*2 attempts[^\n]*\n$/)
    } finally {
      await end()
    }
  })
})

describe('a letter', () => {
  const path = join(folder, 'one.db')
  const database = new Database(path)
  const store = sqliteStore(database, { table })
  afterAll(() => database.close())
  beforeEach(() => database.exec(`DELETE FROM ${table}`))
  const env = { PAYPROOF_STORE: `sqlite:${path}`, MUGGLEPAY_TOKEN: token }

  it('is shown without what is personal, and never with a token or a signature', async () => {
    await fail(store, mugglepay({ token }), signDelivery('mugglepay', 'PAID', { token, id: 'ord-1' }))
    const id =
      (await command(['list', '--provider', 'mugglepay', '--json'], env)).json<{ letters: { id: string }[] }>()
        .letters[0]?.id ?? ''
    const cut = (await command(['show', id, '--provider', 'mugglepay', '--json'], env)).json<{ body: object }>()
    expect(cut.body).toMatchObject({ order_id: 'ord-1', status: 'PAID', price_amount: '29.99', token: '(hidden)' })
    await fail(
      store,
      caspay({ secret }),
      signDelivery('caspay', 'payment.received', {
        secret,
        form: 'dispatched',
        data: { payer: 'Erika Mustermann' },
        id: 'p1',
      }),
    )
    const [short, full] = await Promise.all(
      [[], ['--full']].map((more) => command(['show', 'payment.received:p1', ...letters, ...more], env)),
    )
    expect(short?.stdout).toMatch(/x-caspay-signature: [0-9a-f]{4}… \(64 characters\)/)
    expect(short?.stdout).toContain('"payer": "Er… (16 characters)"')
    expect(short?.stdout).not.toContain('Mustermann')
    expect(full?.stdout).toContain('Mustermann')
    expect(full?.stdout).not.toMatch(/[0-9a-f]{60}"?$/m)
  })

  it('is shown as inert text, whatever it holds', async () => {
    const odd = '\u202e\u001b[2J\u0007<script>\u0000'
    const body = {
      id: 'evt_x',
      type: 'payment.odd',
      created: Math.floor(Date.now() / 1000),
      data: { note: odd, [odd]: 1 },
    }
    await fail(store, caspay({ secret }), signDelivery('caspay', body, { secret }))
    for (const more of [[], ['--full'], ['--full', '--json']]) {
      const { code, stdout } = await command(['show', 'evt_x', ...letters, ...more], env)
      expect([code, stdout]).toEqual([0, expect.stringContaining('\\u202e')])
    }
    // Nobody but the store's owner could write this.
    const text = (await store.letters.get('caspay::evt_x'))?.text ?? ''
    const claim = await store.claim('caspay::evt_x', 60)
    const changed = text.replace('payment.odd', 'payment\\u001b[2J\\u202e').replace('handler_failed', '\\u009b31m')
    await store.release('caspay::evt_x', claim.state === 'acquired' ? claim.token : '', changed)
    expect((await command(['list', ...letters], env)).stdout).toMatch(/payment\\x1b\[2J\\u202e .* \\x9b31m/)
  })

  it('that is none of ours is told, and hides no other', async () => {
    const claim = await store.claim('caspay::evt_0', 60)
    await store.release('caspay::evt_0', claim.state === 'acquired' ? claim.token : '', '{"not":"ours"}')
    await fail(store, caspay({ secret }), signDelivery('caspay', 'payment.completed', { secret, id: 'evt_1' }))
    const { code, stdout, stderr } = await command(['list', ...letters], env)
    expect([code, stdout, stderr]).toEqual([1, expect.stringContaining('evt_1'), expect.stringContaining('evt_0')])
  })

  it('cannot be read where there is no table, or nobody: that is said, and no table made', async () => {
    const other = await command(['list', ...letters, '--table', 'other_table'], env)
    expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/cannot be read: no such table/)])
    expect(database.prepare("SELECT name FROM sqlite_master WHERE name = 'other_table'").all()).toEqual([])
    const nobody = await command(['list', ...letters], {
      PAYPROOF_STORE: 'postgres://me:hunter2hunter2@localhost:1/shop',
    })
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringMatching(/cannot be read: .*ECONNREFUSED/)])
    expect(nobody.stderr).not.toContain('hunter2')
    const empty = await command(['list', '--provider', 'capsay'], env)
    expect([empty.code, empty.stderr]).toEqual([0, 'There are no dead letters of capsay.\n'])
  })

  it('is posted in vain once its time is over, and says how else', async () => {
    const old = Date.now() - 3_600_000
    await fail(
      store,
      payqi({ secret }),
      signDelivery('payqi', 'payment.completed', { secret, id: 'evt_1', at: old }),
      () => old,
    )
    const endpoint = await at(
      nodeWebhook(createReceiver({ provider: payqi({ secret }), store, observe: () => {} }), () => {}),
    )
    const { code, stdout } = await command(['replay', 'evt_1', '--provider', 'payqi', '--to', endpoint], env)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/not handled +evt_1 +answered 401[\s\S]*--module/)])
  })

  it('is not believed to be handled because somebody says 200', async () => {
    await fail(store, caspay({ secret }), signDelivery('caspay', 'payment.completed', { secret, id: 'evt_1' }))
    const endpoint = await at((_, res) => res.end('OK'))
    const { code, stdout } = await command(['replay', 'evt_1', ...letters, '--to', endpoint], env)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/answered 200[\s\S]*same store/)])
  })

  const withoutHandler = join(folder, 'without-handler.mjs')
  writeFileSync(
    withoutHandler,
    'const none = async () => {}\nexport const receiver = { deadLetters: none, discard: none, replay: none, close: none }',
  )

  it.each([
    ['no provider', ['list']],
    ['neither module nor endpoint', ['replay', 'evt_1', ...letters]],
    ['neither ids nor all', ['replay', ...letters, '--to', 'http://localhost/']],
    ['ids and all', ['replay', 'evt_1', '--all', ...letters, '--to', 'http://localhost/']],
    ['another machine unasked', ['replay', 'evt_1', ...letters, '--to', 'https://shop.example/']],
    ['another machine without HTTPS', ['replay', 'evt_1', ...letters, '--to', 'http://shop.example/', '--remote']],
    ['a module without a handler', ['replay', '--all', '--module', withoutHandler]],
    ['no module', ['list', '--module', join(folder, 'missing.mjs')]],
    ['no id', ['show', ...letters]],
  ])('of %s is wrong usage', async (_, args) => {
    const { code, stdout, stderr } = await command(args, env)
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^error: .{20,}/)])
  })
})

describe('a module', () => {
  if (services.redis === undefined) return notRun('no server answers for Redis')
  const url = services.redis

  it('handles its letters as of their receipt, and lets the process end', async () => {
    const client = new Redis(url)
    const store = redisStore(client, { prefix: `${table}:m:`, warn: () => {} })
    const old = Date.now() - 3_600_000
    for (const id of ['evt_1', 'evt_2'])
      await fail(
        store,
        payqi({ secret }),
        signDelivery('payqi', 'payment.completed', { secret, id, at: old }),
        () => old,
      )
    const module = await bundled('webhooks.mjs', { text: moduleText })
    const env = { REDIS_URL: url, PREFIX: `${table}:m:`, PAYQI_WEBHOOK_SECRET: secret }
    const run = (...args: string[]) => payproof(['dead-letters', ...args, '--module', module], { env })
    try {
      expect((await run('list')).stdout.split('\n')).toHaveLength(3)
      const { code, stdout } = await run('replay', '--all')
      expect([code, stdout]).toEqual([
        1,
        expect.stringMatching(
          /^handled +evt_1 +processed\nnot handled +evt_2 +failed[\s\S]*The handler threw: no stock/,
        ),
      ])
      expect((await run('list')).stdout).toMatch(/^[^\n]*evt_2[^\n]*\n$/)
      expect((await run('replay', 'evt_1')).stdout).toContain('no dead letter by that id')
    } finally {
      await client.del(...(await client.keys(`${table}:m:*`)), 'none')
      client.disconnect()
    }
  })
})

const moduleText = `
import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import { createReceiver, payqi } from '../src'
import { redisStore } from '../src/stores/redis'
const client = new Redis(process.env.REDIS_URL)
const store = redisStore(client, { prefix: process.env.PREFIX, warn: () => {} })
createServer().listen(0, '127.0.0.1')
export const receiver = createReceiver({ provider: payqi({ secret: process.env.PAYQI_WEBHOOK_SECRET }), store, observe: () => {} })
export const handler = async (event) => { console.log('handling', event.id); if (event.id === 'evt_2') throw new Error('no stock') }
export const close = () => client.disconnect()
`
