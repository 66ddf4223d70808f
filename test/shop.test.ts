import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { hasRedis } from '../chaos/servers'
import { queueName } from '../examples/shop/front'
import type { Order } from '../examples/shop/orders'
import { atOperatorsPage, keptOn } from '../examples/shop/prove/operator'
import type { Started } from '../examples/shop/run/deliveries'
import { type Shop, startShop } from '../examples/shop/run/shop'
import type { Delivery } from '../src/testing'
import { signDelivery, tamper } from '../src/testing'
import { describeOn, services } from './support/services'

const carts = [
  { provider: 'caspay', amount: '150.5', currency: 'CSPR' },
  { provider: 'payqi', amount: '25.5', currency: 'XRP' },
  { provider: 'payvost', amount: '19.99', currency: 'USD' },
  { provider: 'mugglepay', amount: '29.99', currency: 'USD' },
  { provider: 'kasperopay', amount: '150.5', currency: 'KAS' },
] as const

type Cart = (typeof carts)[number]

describeOn('the shop, with a redis-server of its own', hasRedis() ? services.postgres : undefined, theShop)

function theShop(server: string): void {
  const name = `shop_${randomUUID().slice(0, 8)}`
  const admin = new pg.Pool({ connectionString: server })
  let shop: Shop
  let pool: pg.Pool

  beforeAll(async () => {
    await admin.query(`CREATE DATABASE ${name}`)
    const databaseUrl = new URL(server)
    databaseUrl.pathname = `/${name}`
    shop = await startShop({ databaseUrl: databaseUrl.href })
    pool = new pg.Pool({ connectionString: databaseUrl.href })
  }, 60_000)
  afterAll(async () => {
    await shop?.end()
    await pool?.end()
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.end()
  })

  async function checkOut(cart: Cart): Promise<Started> {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${shop.url}/orders`, { method: 'POST', headers, body: JSON.stringify(cart) })
    expect(answer.status).toBe(201)
    const order = (await answer.json()) as Order
    const payment = shop.providers.startedFor(order.orderId)
    if (payment === undefined) throw new Error('The shop started no payment.')
    return payment
  }

  /** KasperoPay's proof is its API, which knows of no such payment. */
  const forge = ({ provider, paymentId }: Started, delivery: Delivery) =>
    provider === 'kasperopay'
      ? { ...delivery, body: delivery.body.replace(paymentId, 'p_never_made') }
      : tamper(delivery)

  const deliver = (provider: string, { headers, body }: Delivery) =>
    fetch(`${shop.url}/webhooks/${provider}`, { method: 'POST', headers: { ...headers }, body }).then(
      ({ status }) => status,
      () => 0,
    )

  const outcomeOf = async ({ orderId }: Started) =>
    ((await (await fetch(`${shop.url}/orders/${orderId}`)).json()) as Order).outcome

  const fulfilmentsOf = async ({ orderId }: Started) =>
    (await pool.query('SELECT 1 FROM fulfilments WHERE order_id = $1', [orderId])).rowCount

  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await sleep(50)
  }

  it.each(carts)('fulfils an order that $provider says is paid, once', async (cart) => {
    const payment = await checkOut(cart)
    const paid = shop.providers.pay(payment)
    const statuses = await Promise.all([1, 2, 3].map(() => deliver(cart.provider, paid)))
    expect(statuses.filter((status) => status !== 409)).toContain(200)
    expect(await deliver(cart.provider, paid)).toBe(200)
    await until(async () => (await outcomeOf(payment)) === 'succeeded')
    expect(await fulfilmentsOf(payment)).toBe(1)
  })

  it.each(carts)('takes no forgery in the name of $provider', async (cart) => {
    const payment = await checkOut(cart)
    expect(await deliver(cart.provider, forge(payment, shop.providers.pay(payment)))).toBe(401)
    expect(await outcomeOf(payment)).toBeNull()
  })

  it('shows the operator a payment that is not what was asked for, and nobody else', async () => {
    const payment = await checkOut(carts[1])
    expect(await deliver('payqi', shop.providers.pay(payment, { amount: '0.5' }))).toBe(200)
    const operator = atOperatorsPage(shop)
    await until(async () => keptOn(await operator.read()) === 1)
    const page = await operator.read()
    expect(page).toContain('The amount is not that of the order.')
    expect(page).toContain(`evt_payment.completed_${payment.paymentId}`)
    expect(await outcomeOf(payment)).toBeNull()
    for (const [, name = '', value = ''] of page.matchAll(/name="(place|provider)" value="([^"]*)"/g))
      expect([name, value]).toEqual([name, name === 'place' ? 'worker' : 'payqi'])

    const [, id = ''] = /name="id" value="([^"]*)"/.exec(page) ?? []
    const named = { place: 'worker', provider: 'payqi', id }
    const unsaid = await atOperatorsPage({ ...shop, secrets: { ...shop.secrets, OPERATOR_PASSWORD: 'x' } }).read()
    expect(unsaid).toBe('Who are you?')
    // Another site can have the browser send the password, but knows no token.
    expect(await operator.press('/discard', { ...named, token: 'x' })).toContain('not of this page')
    expect(keptOn(await operator.read())).toBe(1)
    expect(await operator.press('/discard', named)).toContain('<title>0 not handled')
  })

  const refunded = ({ paymentId }: Started, cents: number) =>
    signDelivery('payvost', 'refund.created', {
      secret: shop.secrets.PAYVOST_WEBHOOK_SECRET,
      form: 'main',
      data: { object: { id: 're_1', payment: paymentId, amount: cents, currency: 'usd', status: 'succeeded' } },
    })

  /** What the page says of the one delivery on it, which is then dropped. */
  async function dropTheOne(): Promise<string> {
    const operator = atOperatorsPage(shop)
    await until(async () => keptOn(await operator.read()) === 1)
    const page = await operator.read()
    const [, id = ''] = /name="id" value="([^"]*)"/.exec(page) ?? []
    const [, provider = ''] = /name="provider" value="([^"]*)"/.exec(page) ?? []
    expect(keptOn(await operator.press('/discard', { place: 'worker', provider, id }))).toBe(0)
    return page
  }

  it('lets a refund in part neither keep a payment from being fulfilled nor undo it', async () => {
    const payment = await checkOut(carts[2])
    expect(await deliver('payvost', refunded(payment, 100))).toBe(200)
    expect(await dropTheOne()).toContain('The amount is not that of the order.')
    expect(await deliver('payvost', shop.providers.pay(payment))).toBe(200)
    await until(async () => (await outcomeOf(payment)) !== null)
    expect([await outcomeOf(payment), await fulfilmentsOf(payment)]).toEqual(['succeeded', 1])
    expect(await deliver('payvost', refunded(payment, 1999))).toBe(200)
    await until(async () => (await outcomeOf(payment)) === 'refunded')
  })

  it('changes no order by the payment of another, and says why', async () => {
    const [dear, cheap] = [await checkOut(carts[1]), await checkOut(carts[1])]
    const data = { id: dear.paymentId, metadata: { order_id: cheap.orderId } }
    const secret = shop.secrets.PAYQI_WEBHOOK_SECRET
    expect(await deliver('payqi', signDelivery('payqi', 'payment.failed', { secret, data }))).toBe(200)
    expect(await dropTheOne()).toContain('It is the payment of another order.')
    expect([await outcomeOf(dear), await outcomeOf(cheap)]).toEqual([null, null])
  })

  it('takes no job out of the queue that did not fail, and shows one that nobody can read', async () => {
    const queue = new Queue(queueName, { connection: { url: shop.redis.url } })
    onTestFinished(() => queue.close())
    const [{ id = '' } = {}] = await queue.getCompleted(0, 0)
    await queue.add('junk', {})
    const operator = atOperatorsPage(shop)
    await until(async () => keptOn(await operator.read()) === 1)
    const page = await operator.press('/discard', { place: 'worker', provider: 'caspay', id })
    expect(page).toContain('was not dropped: it is not there any more.')
    expect(await queue.getJob(id)).toBeDefined()
    expect(await dropTheOne()).toContain('job_invalid')
  })

  it('says so at once when Redis is silent, in place of waiting with it', async () => {
    process.kill(shop.redis.pid, 'SIGSTOP')
    try {
      const [health, page] = await Promise.all([fetch(`${shop.url}/health`), atOperatorsPage(shop).read()])
      expect([health.status, await health.json()]).toEqual([503, { queue: 'down', database: 'up' }])
      expect(page).toBe('A server of the shop does not answer: reload this page.')
    } finally {
      process.kill(shop.redis.pid, 'SIGCONT')
    }
  })

  it('knows no order by an id that is none', async () => {
    for (const id of ['%00', "o_' OR 1=1 --", 'o_1']) expect((await fetch(`${shop.url}/orders/${id}`)).status).toBe(404)
  })

  it('loses nothing when a web process is killed while deliveries come in, and another takes none twice', async () => {
    const payments = await Promise.all(
      Array.from({ length: 30 }, (_, number) => checkOut(carts[1 + (number % 4)] ?? carts[1])),
    )
    const killing = shop.fleet.restart('app1', 'SIGKILL')
    await Promise.all(
      payments.map(async (payment) => {
        const paid = shop.providers.pay(payment)
        await until(async () => (await deliver(payment.provider, paid)) === 200)
      }),
    )
    await killing
    for (const payment of payments) {
      await until(async () => (await outcomeOf(payment)) === 'succeeded')
      expect(await fulfilmentsOf(payment)).toBe(1)
    }
  })

  it('runs on a Redis that keeps what it is told', async () => {
    const redis = new Redis(shop.redis.url)
    const settings = await Promise.all(
      ['appendonly', 'appendfsync', 'maxmemory-policy'].map((name) => redis.config('GET', name)),
    ).finally(() => redis.disconnect())
    expect(settings.flat()).toEqual(['appendonly', 'yes', 'appendfsync', 'always', 'maxmemory-policy', 'noeviction'])
  })

  it('refuses an order that is none', async () => {
    const post = (cart: object) =>
      fetch(`${shop.url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(cart),
      })
    for (const change of [
      { provider: 'other' },
      { amount: '-1' },
      { amount: '0.00' },
      { amount: 1 },
      { currency: 'usd' },
    ])
      expect([change, (await post({ ...carts[0], ...change })).status]).toEqual([change, 400])
  })

  it.each(['app2', 'worker', 'proxy', 'operator'])('%s ends by itself when it is told to', async (each) => {
    expect(await shop.fleet.stop(each, 'SIGTERM')).toBe(0)
  })
}
