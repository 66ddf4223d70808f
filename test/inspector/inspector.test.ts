import express from 'express'
import { caspay, createReceiver, type Handler, memoryStore, type WebhookEvent } from 'payproof'
import { expressWebhook } from 'payproof/express'
import { evenInProduction, type InspectorSettings, inspector } from 'payproof/inspector'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Detail, News } from '../../src/inspector/shown'
import { post, serve } from '../support/server'
import { createShop, forged, genuine, now, secret } from '../support/shop'
import { ask, follow } from './desk'

const provider = caspay({ secret })

/** A merchant's app with the inspector mounted in it. */
async function shop(handler: Handler<WebhookEvent> = () => {}, settings: InspectorSettings = {}) {
  const { receiver } = createShop()
  const inspected = inspector(receiver, { provider, now: () => now, ...settings })
  const routes = express()
  routes.post('/webhooks', expressWebhook(inspected.receiver, handler))
  routes.use(inspected.listener)
  routes.use((_, res) => void res.status(418).end())
  const server = await serve(routes)
  onTestFinished(server.close)
  const page = server.url + inspected.path
  const detail = async (number: number) => JSON.parse((await ask(`${page}deliveries/${number}`)).body) as Detail
  return { inspected, server, page, detail, endpoint: `${server.url}/webhooks` }
}

afterEach(() => vi.unstubAllEnvs())

describe('inspector(receiver)', () => {
  it('shows what became of deliveries: handled, again, refused, and why', async () => {
    const { detail, endpoint, page } = await shop()
    for (const delivery of [genuine(), genuine(), forged()]) await post(endpoint, delivery)
    const leaving = new AbortController()
    const news = (await follow(page, leaving.signal).next()).value as News
    leaving.abort()
    expect(news).toMatchObject({
      type: 'all',
      state: { title: 'inspector' },
      deliveries: [
        { outcome: 'processed', verdict: 'verified', answered: 200, wireType: 'payment.completed', eventId: 'evt_1' },
        { outcome: 'duplicate', verdict: 'verified', answered: 200 },
        { outcome: 'rejected', verdict: 'refused', code: 'signature_mismatch', answered: 401 },
      ],
    })
    const { steps, facts, event } = await detail(1)
    expect(steps.map(({ what }) => what)).toEqual(['body read', 'verified, handler called', 'handler done', 'answered'])
    expect(facts).toEqual(
      expect.arrayContaining([
        ['Order', 'o_1'],
        ['Amount', '1 CSPR'],
        ['Attempt', '1'],
      ]),
    )
    expect(JSON.parse(event?.text ?? '')).toMatchObject({ type: 'payment.completed', proof: { by: 'signature' } })
    expect((await detail(3)).diagnosis).toMatchObject({ cause: 'unexplained' })
  })

  it('shows what a handler threw, and changes nothing of the answer', async () => {
    const { detail, endpoint } = await shop(() => {
      throw new Error('no stock')
    })
    const answer = await post(endpoint, genuine())
    expect([answer.status, answer.body]).toEqual([500, '{"error":"handler_failed"}'])
    const { summary, thrown } = await detail(1)
    expect(summary).toMatchObject({ verdict: 'verified', outcome: 'failed', code: 'handler_failed' })
    expect(thrown?.text).toContain('Error: no stock')
  })

  it('answers every delivery as the receiver alone does', async () => {
    const { endpoint } = await shop()
    const { receiver } = createShop()
    const routes = express()
    routes.post(
      '/webhooks',
      expressWebhook(receiver, () => {}),
    )
    routes.use((_, res) => void res.status(418).end())
    const alone = await serve(routes)
    onTestFinished(alone.close)
    const { body, headers } = genuine()
    const deliveries: Parameters<typeof post>[1][] = [
      genuine(),
      genuine(),
      forged(),
      { headers: [], body },
      { headers, body: `${body} ` },
      { headers: [...headers, ['Content-Encoding', 'gzip']], body },
      { headers, body: 'x'.repeat(1024 * 1024 + 1) },
      { headers, body: '', method: 'PUT' },
    ]
    for (const delivery of deliveries) {
      const [inspected, plain] = [await post(endpoint, delivery), await post(`${alone.url}/webhooks`, delivery)]
      expect([inspected.status, inspected.body]).toEqual([plain.status, plain.body])
    }
  })

  it('keeps deliveries that are only verified, and those of other receivers', async () => {
    const { inspected, detail } = await shop()
    const { headers, body } = genuine()
    await inspected.receiver.verify({ headers, body })
    const other = inspected.inspect(createShop().receiver, { name: 'the other shop' })
    await expect(other.verify({ headers: [], body })).rejects.toThrow('signature_missing')
    expect((await detail(1)).summary).toMatchObject({ outcome: 'verified', verdict: 'verified', provider: 'caspay' })
    const { summary, diagnosis, resend } = await detail(2)
    expect(summary).toMatchObject({ provider: 'the other shop', code: 'signature_missing' })
    expect([diagnosis, resend.asItWas]).toEqual([undefined, false])
  })

  it('sends again to where the app receives, and says where that cannot be reached', async () => {
    const { receiver } = createShop()
    const inspected = inspector(receiver, { provider, to: 'http://127.0.0.1:1/nobody' })
    await inspected.receiver.receive(genuine(), () => {})
    const { url, close } = await inspected.listen()
    onTestFinished(close)
    const headers = { origin: new URL(url).origin }
    const order = { method: 'POST', headers, body: '{"how":"as it was"}' }
    const answer = await ask(`${url}deliveries/1/resend`, order)
    expect(JSON.parse(answer.body)).toEqual({ problem: expect.stringContaining('Nothing listens there') })

    const app = await shop()
    const working = inspector(receiver, { provider, to: app.endpoint })
    await working.receiver.receive(genuine(), () => {})
    const second = await working.listen()
    onTestFinished(second.close)
    const sent = await ask(`${second.url}deliveries/1/resend`, {
      ...order,
      headers: { origin: new URL(second.url).origin },
    })
    expect(JSON.parse(sent.body)).toEqual({})
    expect((await app.detail(1)).summary).toMatchObject({ outcome: 'processed' })
  })

  it('leaves to the app what is not for the page', async () => {
    const { server, page } = await shop()
    expect((await ask(`${server.url}/elsewhere`)).status).toBe(418)
    expect((await ask(page)).status).toBe(200)
    expect((await ask(page.replace(/[0-9a-f]{48}/, '0'.repeat(48)))).status).toBe(404)
  })

  it('is a fetch handler too', async () => {
    const inspected = inspector(createShop().receiver, { provider })
    await inspected.receiver.receive(genuine(), () => {})
    const at = (path: string, init?: RequestInit) =>
      inspected.fetch(new Request(`http://localhost:8787${inspected.path}${path}`, init))
    expect((await at('')).headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(((await (await at('deliveries/1')).json()) as Detail).summary.outcome).toBe('processed')
    expect((await at('clear', { method: 'POST' })).status).toBe(403)
    expect((await at('clear', { method: 'POST', headers: { origin: 'http://localhost:8787' } })).status).toBe(200)
    expect((await at('deliveries/1')).status).toBe(404)
    expect((await inspected.fetch(new Request(`http://evil.test${inspected.path}`))).status).toBe(403)
  })

  it('serves other names only where told to', async () => {
    const inspected = inspector(createShop().receiver, { hosts: ['shop.test:3000'] })
    const at = (host: string) => inspected.fetch(new Request(`http://${host}${inspected.path}`))
    expect((await at('shop.test:3000')).status).toBe(200)
    expect((await at('shop.test:3001')).status).toBe(403)
    expect(() => inspector(createShop().receiver, { hosts: ['*'] })).toThrow('hosts')
  })

  it('refuses to run in production, unless told by the symbol', () => {
    vi.stubEnv('NODE_ENV', 'production')
    const receiver = createReceiver({ provider, store: memoryStore() })
    expect(() => inspector(receiver)).toThrow('NODE_ENV is production')
    expect(() => inspector(receiver, { allow: true as never })).toThrow('NODE_ENV is production')
    expect(inspector(receiver, { allow: evenInProduction }).path).toMatch(/^\/_payproof\/[0-9a-f]{48}\/$/)
  })
})
