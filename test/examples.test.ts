import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { freePort } from '../chaos/daemon'
import { findOrder } from '../examples/orders'
import { caspay, createReceiver, expectPayment, memoryStore, merchantToken } from '../src'
import { bodyOf, captured, hexHmac } from './support/deliveries'
import { insist, run } from './support/run'
import { post, serve } from './support/server'
import { services } from './support/services'
import { until } from './support/shop'
import { notRun } from './support/vectors'

const root = fileURLToPath(new URL('..', import.meta.url))
const secret = 'whsec_0123456789abcdef'
const now = Math.floor(Date.now() / 1000)

interface Sent {
  headers: [string, string][]
  body: string
}

function fromCaspay(): Sent {
  const body = `{"id":"evt_1","type":"payment.completed","created":${now},"data":{"payment":{"id":"p","amount":1000000000,"currency":"CSPR","status":"completed","metadata":{"orderId":"o_1"}}}}`
  return { headers: [['X-CasPay-Signature', hexHmac(secret, body)]], body }
}

/** What the service really sends, captured, but of today: it names no order. */
function dispatchedFromCaspay(): Sent {
  const body = bodyOf(captured.deliveries[0] ?? { body_base64: '' })
    .toString()
    .replace(/"timestamp":"[^"]*"/, `"timestamp":"${new Date().toISOString()}"`)
  return { headers: [['X-CasPay-Signature', hexHmac(secret, body)]], body }
}

function fromPayqi(): Sent {
  const body = `{"id":"evt_1","type":"payment.completed","created":${now},"data":{"id":"p","amount":25.50,"currency":"XRP","status":"completed","metadata":{"order_id":"o_2"}}}`
  return {
    headers: [
      ['X-PayQI-Signature', hexHmac(secret, body)],
      ['X-PayQI-Timestamp', String(now)],
    ],
    body,
  }
}

function fromPayvost(): Sent {
  const body = `{"id":"evt_1","type":"payment.succeeded","created":${now},"data":{"object":{"id":"p","amount":1999,"currency":"usd","status":"succeeded","metadata":{"orderId":"o_3"}}}}`
  return { headers: [['Payvost-Signature', hexHmac(secret, body)]], body }
}

function fromMugglepay(token: string): Sent {
  const body = {
    order_id: 'm_1',
    merchant_order_id: 'o_3',
    status: 'PAID',
    price_amount: '19.99',
    price_currency: 'USD',
    token,
  }
  return { headers: [], body: JSON.stringify(body) }
}

function fromKasperopay(): Sent {
  return {
    headers: [],
    body: '{"event":"payment.completed","merchant_id":"kpm_1","payment_id":"pay_xyz789","order_id":"claimed"}',
  }
}

const forgery = ({ headers, body }: Sent): Sent => ({
  headers: headers.map(([name, value]) => [name, /signature/i.test(name) ? '0'.repeat(64) : value]),
  body: body.replace(/"token":"[^"]*"/, '"token":"forged"').replace('kpm_1', 'kpm_2'),
})

interface Started {
  file: string
  path: string
  env: NodeJS.ProcessEnv
  sent: Sent
  /** What its log shows when it fulfils. */
  fulfils: string
}

const servers: Started[] = [
  {
    file: 'express',
    path: '/webhooks/caspay',
    env: { CASPAY_WEBHOOK_SECRET: secret },
    sent: fromCaspay(),
    fulfils: "orderId: 'o_1'",
  },
  {
    file: 'express',
    path: '/webhooks/caspay',
    env: { CASPAY_WEBHOOK_SECRET: secret },
    sent: dispatchedFromCaspay(),
    fulfils: "paymentId: '8c1f8d2e-5a0b-4a52-9c53-1f7de3a0a111'",
  },
  {
    file: 'fastify',
    path: '/webhooks/payqi',
    env: { PAYQI_WEBHOOK_SECRET: secret },
    sent: fromPayqi(),
    fulfils: '"orderId":"o_2"',
  },
  {
    file: 'hono',
    path: '/webhooks/payvost',
    env: { PAYVOST_WEBHOOK_SECRET: secret },
    sent: fromPayvost(),
    fulfils: "orderId: 'o_3'",
  },
  {
    file: 'koa',
    path: '/webhooks/kasperopay',
    env: { KASPEROPAY_MERCHANT_ID: 'kpm_1' },
    sent: fromKasperopay(),
    fulfils: "orderId: 'ord_456'",
  },
  {
    file: 'node',
    path: '/webhooks/mugglepay',
    env: { MUGGLEPAY_TOKEN: secret },
    sent: fromMugglepay(secret),
    fulfils: "orderId: 'o_3'",
  },
  {
    file: 'nestjs',
    path: '/webhooks/caspay',
    env: { CASPAY_WEBHOOK_SECRET: secret },
    sent: fromCaspay(),
    fulfils: "orderId: 'o_1'",
  },
  {
    file: 'nestjs',
    path: '/webhooks/caspay',
    env: { CASPAY_WEBHOOK_SECRET: secret, PLATFORM: 'fastify' },
    sent: fromCaspay(),
    fulfils: "orderId: 'o_1'",
  },
]

/** The SDK in it writes its spans and measurements to the console. */
const observed = ["name: 'process payqi'", "name: 'handle payqi'", "name: 'payproof.deliveries'"]

const payment = {
  payment_id: 'pay_xyz789',
  status: 'completed',
  amount_kas: 150.5,
  confirmed_at: new Date().toISOString(),
}

describe('examples that serve', () => {
  it.each(servers)(
    '$file $env.PLATFORM: starts, fulfils a genuine payment once, refuses a forgery',
    async ({ file, path, env, sent, fulfils }) => {
      const api = await serve((_req, res) =>
        res.setHeader('content-type', 'application/json').end(JSON.stringify(payment)),
      )
      const port = await freePort()
      const { output } = run(`examples/${file}.ts`, { ...env, KASPEROPAY_API_URL: api.url, PORT: String(port) })
      const url = `http://127.0.0.1:${port}${path}`
      expect(await insist(() => post(url, forgery(sent)))).toMatchObject({ status: 401 })
      expect(await post(url, sent)).toMatchObject({ status: 200 })
      expect(await post(url, sent)).toMatchObject({ status: 200 })
      await api.close()
      await until(() => output.text.includes(fulfils))
      expect(output.text.split(fulfils).length).toBe(2)
      expect(output.text).not.toContain(secret)
    },
  )

  it('otel: says what happened when it is told to end', async () => {
    const port = await freePort()
    const { output, exit, stop } = run('examples/otel.ts', { PAYQI_WEBHOOK_SECRET: secret, PORT: String(port) })
    const url = `http://127.0.0.1:${port}/webhooks/payqi`
    const sent = fromPayqi()
    expect(await insist(() => post(url, forgery(sent)))).toMatchObject({ status: 401 })
    for (const status of [200, 200]) expect(await post(url, sent)).toMatchObject({ status })
    stop()
    expect(await exit).toBe(0)
    for (const text of [...observed, '"orderId":"o_2"', '"msg":"payproof: processed"'])
      expect(output.text).toContain(text)
    expect(output.text).not.toContain(secret)
  })

  it('without a secret say what is missing, at start', async () => {
    const { output, exit } = run('examples/express.ts', { CASPAY_WEBHOOK_SECRET: '' })
    expect(await exit).not.toBe(0)
    expect(output.text).toContain('caspay({ secret }) is empty or blank')
  })
})

describe('the example with PostgreSQL', () => {
  if (services.postgres === undefined) {
    notRun('the example with PostgreSQL: no server answers')
    return
  }
  const schema = `payproof_${randomUUID().slice(0, 8)}`
  const pool = new pg.Pool({ connectionString: services.postgres })
  afterAll(() => pool.query(`DROP SCHEMA ${schema} CASCADE`).then(() => pool.end()))

  it('keeps an order paid though PENDING comes late, and ends by itself when it is told to', async () => {
    await pool.query(`CREATE SCHEMA ${schema}`)
    await pool.query(`CREATE TABLE ${schema}.orders (id text PRIMARY KEY, amount numeric, currency text, outcome text)`)
    await pool.query(`INSERT INTO ${schema}.orders VALUES ('o_3', 19.99, 'USD', NULL)`)
    const port = await freePort()
    const env = { MUGGLEPAY_TOKEN: secret, POSTGRES_URL: services.postgres, PGOPTIONS: `-c search_path=${schema}` }
    const { exit, stop } = run('examples/postgres.ts', { ...env, PORT: String(port) })
    const send = (sent: Sent) => post(`http://127.0.0.1:${port}/`, sent)
    const paid = fromMugglepay(secret)
    const pending = { ...paid, body: paid.body.replace('PAID', 'PENDING') }
    expect(await insist(() => send(forgery(paid)))).toMatchObject({ status: 401 })
    for (const sent of [paid, pending, paid]) expect(await send(sent)).toMatchObject({ status: 200 })
    const { rows } = await pool.query(`SELECT outcome FROM ${schema}.orders`)
    expect(rows).toEqual([{ outcome: 'succeeded' }])
    stop()
    expect(await exit).toBe(0)
  })
})

describe('examples that are called', () => {
  const request = ({ headers, body }: Sent) =>
    new Request('https://shop.example/webhooks/caspay', { method: 'POST', headers, body })

  it('fetch', async () => {
    process.env['MUGGLEPAY_ORDER_TOKEN_SECRET'] = secret
    const { POST } = await import('../examples/fetch')
    const sent = fromMugglepay(merchantToken(secret, 'o_3'))
    expect(await (await POST(request(sent))).text()).toBe('{"status":200}')
    expect((await POST(request(forgery(sent)))).status).toBe(401)
  })

  it('workers', async () => {
    const { default: app } = await import('../examples/workers')
    const env = { CASPAY_WEBHOOK_SECRET: secret, STORE: memoryStore() }
    for (const status of [200, 200]) expect((await app.fetch(request(fromCaspay()), env)).status).toBe(status)
    expect((await app.fetch(request(forgery(fromCaspay())), env)).status).toBe(401)
  })

  it('lambda', async () => {
    process.env['PAYVOST_WEBHOOK_SECRET'] = secret
    const { createHandler } = await import('../examples/lambda')
    const handle = createHandler(memoryStore())
    const call = ({ headers, body }: Sent) => handle({ httpMethod: 'POST', headers: Object.fromEntries(headers), body })
    expect(await call(fromPayvost())).toMatchObject({ statusCode: 200, body: '{"received":true}' })
    expect(await call(forgery(fromPayvost()))).toMatchObject({ statusCode: 401 })
  })
})

describe('the order finder of the examples', () => {
  it('finds the order of a captured CasPay delivery, byte for byte, and of nothing else', async () => {
    const { secret, deliveries } = captured
    const receiver = createReceiver({
      provider: caspay({ secret }),
      store: memoryStore(),
      now: () => Date.parse('2026-11-21T20:09:08Z'),
      observe: () => {},
    })
    const found: unknown[] = []
    for (const delivery of deliveries) {
      const { payment } = await receiver.verify({ headers: delivery.headers, body: bodyOf(delivery) })
      found.push((await findOrder(payment))?.orderId)
    }
    expect(found).toEqual(['o_4', undefined, undefined])
    const [first] = deliveries
    if (first === undefined) throw new Error('nothing was captured')
    const event = await receiver.verify({ headers: first.headers, body: bodyOf(first) })
    expect(expectPayment(event, await findOrder(event.payment)).amount).toEqual({ value: '150.5', currency: 'CSPR' })
    expect(await findOrder(undefined)).toBeUndefined()
  })
})

describe('the README', () => {
  const readme = readFileSync(`${root}/README.md`, 'utf8')
  const files = readdirSync(`${root}/examples`).filter((file) => file.endsWith('.ts'))

  it.each(files)('shows examples/%s as it is', (file) => {
    const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text)
    expect(blocks).toContain(readFileSync(`${root}/examples/${file}`, 'utf8'))
  })
})

describe('the demo', () => {
  it('finds every verdict right, and ends by itself', async () => {
    const { output, exit } = run('examples/demo/main.ts')
    expect(await exit).toBe(0)
    expect(output.text).toMatch(/(\d+) deliveries, \1 verdicts right, 0 wrong\./)
    for (const provider of ['caspay', 'payqi', 'payvost', 'mugglepay', 'kasperopay']) {
      for (const kind of ['genuine', 'forged', 'replayed', 'tampered', 'stale', 'duplicate']) {
        expect(output.text).toMatch(new RegExp(`^${provider} +${kind}.*right$`, 'm'))
      }
    }
  })
})
