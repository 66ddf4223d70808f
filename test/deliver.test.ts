import { createServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { expressWebhook } from '../adapters/express'
import { fastifyWebhook } from '../adapters/fastify'
import { fetchWebhook } from '../adapters/fetch'
import { honoWebhook } from '../adapters/hono'
import { koaWebhook } from '../adapters/koa'
import { nodeWebhook } from '../adapters/node'
import { caspay, createReceiver, kasperopay, memoryStore, mugglepay } from '../src'
import { type App, createRecorder, deliver, signDelivery, standInApi, tamper } from '../src/testing'
import { serve } from './support/server'

const secret = 'whsec_0123456789abcdef'
const path = '/webhooks'
const createShop = () => {
  const recorder = createRecorder()
  const receiver = createReceiver({ provider: caspay({ secret }), store: memoryStore(), observe: recorder.observe })
  return { receiver, recorder }
}
type Shop = ReturnType<typeof createShop>['receiver']

const apps: [string, (receiver: Shop) => App][] = [
  [
    'Express',
    (receiver) =>
      express().post(
        path,
        expressWebhook(receiver, () => {}),
      ),
  ],
  ['Koa', (receiver) => new Koa().use(koaWebhook(receiver, () => {}))],
  [
    'Hono',
    (receiver) =>
      new Hono().post(
        path,
        honoWebhook(receiver, () => {}),
      ),
  ],
  ['a fetch handler', (receiver) => ({ fetch: fetchWebhook(receiver, () => {}) })],
  ['a listener', (receiver) => ({ listener: nodeWebhook(receiver, () => {}) })],
  ['a server that does not listen', (receiver) => createServer(nodeWebhook(receiver, () => {}))],
  [
    'Fastify',
    (receiver) => {
      const app = fastify()
      app.register(
        fastifyWebhook(receiver, () => {}),
        { prefix: path },
      )
      return app
    },
  ],
]

describe('deliver', () => {
  it.each(apps)('delivers to %s', async (_, createApp) => {
    const { receiver, recorder } = createShop()
    const app = createApp(receiver)
    const delivery = signDelivery('caspay', 'payment.received', { secret })
    const answers = [
      await deliver(app, delivery, { path }),
      await deliver(app, delivery, { path }),
      await deliver(app, tamper(delivery), { path }),
    ]
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, 'OK'],
      [200, 'OK'],
      [401, '{"error":"unauthorized"}'],
    ])
    expect(answers[0]?.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(recorder.outcomes.map(({ outcome }) => outcome)).toEqual(['processed', 'duplicate', 'rejected'])
  })

  it('delivers to a URL, and follows no redirect', async () => {
    const { url, close } = await serve((_, response) => response.writeHead(302, { location: '/elsewhere' }).end())
    expect(await deliver(`${url}/x`, signDelivery('caspay', undefined, { secret }))).toMatchObject({ status: 302 })
    await close()
  })

  it('hands a delivery to a receiver, and gives the outcome', async () => {
    const handled: string[] = []
    const answer = await deliver(
      createShop().receiver,
      signDelivery('caspay', 'payment.completed', { secret, id: 'evt_7' }),
      {
        handler: (event) => void handled.push(event.id),
      },
    )
    expect(answer).toMatchObject({ status: 200, body: 'OK', outcome: { kind: 'processed' } })
    expect(handled).toEqual(['evt_7'])
  })

  it('does not guess what a bare function is', async () => {
    const bare = (() => {}) as unknown as App
    await expect(deliver(bare, signDelivery('caspay', undefined, { secret }))).rejects.toThrow(
      /\{ listener \}.*\{ fetch \}/,
    )
  })
})

describe('standInApi', () => {
  const merchantId = 'kpm_abc123'
  const kasper = () => {
    const api = standInApi('kasperopay')
    const receiver = createReceiver({
      provider: kasperopay({ merchantId, fetch: api.fetch, timeoutMs: 50 }),
      store: memoryStore(),
      observe: () => {},
    })
    return { api, receiver, delivery: signDelivery('kasperopay', 'payment.completed', { merchantId }) }
  }
  const codeOf = (outcome: object) => ('error' in outcome ? (outcome.error as { code: string }).code : 'none')

  it('knows what it is told, and nothing else', async () => {
    const { api, receiver, delivery } = kasper()
    expect(codeOf(await receiver.receive(delivery, () => {}))).toBe('payment_not_confirmed')
    expect(api.asked.length).toBe(2)
    const known = kasper()
    known.api.confirm(known.delivery)
    expect(await known.receiver.receive(known.delivery, () => {})).toMatchObject({
      kind: 'processed',
      event: { payment: { amount: { value: '150.5', currency: 'KAS' } } },
    })
  })

  it.each([
    [{ status: 'pending' }, 'payment_pending'],
    [{ payment_id: 'pay_other' }, 'payment_mismatch'],
    [{ confirmed_at: '2020-01-01T00:00:00Z' }, 'timestamp_too_old'],
  ])('says something else when told: %j', async (changes, code) => {
    const { api, receiver, delivery } = kasper()
    api.confirm(delivery, changes)
    expect(codeOf(await receiver.receive(delivery, () => {}))).toBe(code)
  })

  it.each([500, 302, 'hangs'] as const)('has troubles: %s', async (trouble) => {
    const { api, receiver, delivery } = kasper()
    api.confirm(delivery)
    api.trouble = trouble
    expect(codeOf(await receiver.receive(delivery, () => {}))).toBe('confirmation_unavailable')
    api.trouble = undefined
    expect((await receiver.receive(delivery, () => {})).kind).toBe('processed')
  })

  it("serves MugglePay's orders to Node, to who has the key", async () => {
    const apiKey = 'api-key-0123456789'
    const token = 'a-token-of-ours-0123456789'
    const api = standInApi('mugglepay', { apiKey })
    const { url, close } = await serve(api.listener)
    const outcomeWith = async (key: string) => {
      const provider = mugglepay({ token, apiKey: key, apiUrl: api.urlAt(url) })
      const receiver = createReceiver({ provider, store: memoryStore(), observe: () => {} })
      const delivery = signDelivery('mugglepay', 'PAID', { token })
      api.confirm(delivery)
      return receiver.receive(delivery, () => {})
    }
    expect((await outcomeWith(apiKey)).kind).toBe('processed')
    expect(codeOf(await outcomeWith('another-key-0123456789'))).toBe('confirmation_unavailable')
    await close()
  })

  it('says which providers have none', () => {
    expect(() => standInApi('payqi')).toThrow(/payqi has no API that confirms payments/)
  })
})
