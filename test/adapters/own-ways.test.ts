import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import Fastify, { type FastifyReply } from 'fastify'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import Koa from 'koa'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { expressWebhook } from '../../adapters/express'
import { fastifyVerify, fastifyWebhook } from '../../adapters/fastify'
import { fetchWebhook, perEnvironment } from '../../adapters/fetch'
import { honoVerify, honoWebhook } from '../../adapters/hono'
import { koaWebhook } from '../../adapters/koa'
import { lambdaWebhook } from '../../adapters/lambda'
import { nodeWebhook } from '../../adapters/node'
import { createReceiver, memoryStore, payqi, type Receiver } from '../../src'
import { post, type Running, raw, serve } from '../support/server'
import { createShop, forged, genuine, secret, sleep } from '../support/shop'

/** What one framework alone has: parsers, contexts, secrets that come with the request. */
const running: Running[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})
const at = async (listener: Parameters<typeof serve>[0]) => {
  const server = await serve(listener)
  running.push(server)
  return server.url
}
const init = () => {
  const { headers, method, body } = genuine()
  return { method, headers, body }
}

describe('fastify', () => {
  it("leaves the app's own JSON parser as it is", async () => {
    const app = Fastify()
    const handler = vi.fn()
    app.register(fastifyWebhook(createShop().receiver, handler), { prefix: '/hook' })
    app.post('/api', async (request) => ({ got: request.body }))
    await app.ready()
    const url = await at((req, res) => app.routing(req, res))
    expect((await post(`${url}/hook`, genuine())).status).toBe(200)
    expect((await post(`${url}/hook/`, genuine())).status).toBe(200)
    expect(handler).toHaveBeenCalledTimes(1)
    expect(
      await post(`${url}/api`, { headers: [['content-type', 'application/json']], body: '{"a":1}' }),
    ).toMatchObject({ body: '{"got":{"a":1}}' })
  })

  it("hands the bytes on to the app's parser after verifying", async () => {
    const app = Fastify()
    app.post('/', { preParsing: fastifyVerify(createShop().receiver) }, async (request) => ({
      parsed: (request.body as { id: string }).id,
      event: (request as unknown as { event: { id: string } }).event.id,
    }))
    await app.ready()
    const url = await at((req, res) => app.routing(req, res))
    expect(await post(url, genuine())).toMatchObject({ status: 200, body: '{"parsed":"evt_1","event":"evt_1"}' })
    const { body } = genuine()
    const inParts = async function* () {
      for (const part of [body.slice(0, 50), body.slice(50)]) {
        yield new TextEncoder().encode(part)
        await sleep(30)
      }
    }
    const split = { ...genuine(), body: inParts() }
    expect(await post(url, split)).toMatchObject({ status: 200, body: '{"parsed":"evt_1","event":"evt_1"}' })
  })

  it('never runs an unverified handler, not even when the sender hangs up during the refusal', async () => {
    const app = Fastify()
    const ran = vi.fn()
    app.addHook('onSend', async () => void (await sleep(100)))
    app.post('/', { preParsing: fastifyVerify(createShop().receiver) }, async () => ran())
    await app.ready()
    const server = await serve((req, res) => app.routing(req, res))
    running.push(server)
    await raw(server.port, ['POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n'], { waitMs: 30 })
    await sleep(200)
    expect(ran).not.toHaveBeenCalled()
  })

  it.each(['at once', 'slowly'])(
    'leaves the answer to a handler that sends one, where hooks run %s before it goes',
    async (pace) => {
      const errors: unknown[] = []
      const app = Fastify()
      app.addHook('onSend', async (_request, _reply, payload) => {
        if (pace === 'slowly') await sleep(10)
        return payload
      })
      app.addHook('onError', async (_request, _reply, error) => void errors.push(error))
      const busy = (_event: unknown, { reply }: { reply: FastifyReply }) => {
        reply.code(503).send('try later')
      }
      app.register(fastifyWebhook(createShop().receiver, busy))
      await app.ready()
      const url = await at((req, res) => app.routing(req, res))
      expect(await post(url, genuine())).toMatchObject({ status: 503, body: 'try later' })
      await sleep(30)
      expect(errors).toEqual([])
    },
  )

  it('writes a failing handler to the log of the request', async () => {
    const lines: string[] = []
    const app = Fastify({ logger: { level: 'error', stream: { write: (line: string) => void lines.push(line) } } })
    app.register(fastifyWebhook(createShop().receiver, () => Promise.reject(new Error('no stock'))))
    await app.ready()
    expect((await post(await at((req, res) => app.routing(req, res)), genuine())).status).toBe(500)
    expect(lines.join()).toContain('no stock')
  })
})

describe('express', () => {
  it.each<[string, (answer: () => void) => void]>([
    ['a microtask', (answer) => void (async () => {})().then(answer)],
    ['a tick', (answer) => process.nextTick(answer)],
  ])('leaves the answer to a handler that gives it %s later, without being waited for', async (when, later) => {
    const app = express()
    const kept = when === 'a tick' ? [express.raw({ type: () => true })] : []
    const answer = expressWebhook(createShop().receiver, (_event, { res }) => later(() => res.status(202).send('mine')))
    app.post('/', ...kept, answer)
    expect(await post(await at(app), genuine())).toMatchObject({ status: 202, body: 'mine' })
  })
})

describe('koa', () => {
  it('takes the raw body a parser has kept', async () => {
    const app = new Koa()
    app.use(async (ctx, next) => {
      let text = ''
      for await (const chunk of ctx.req) text += chunk
      Object.assign(ctx.request, { body: JSON.parse(text), rawBody: text })
      await next()
    })
    app.use(koaWebhook(createShop().receiver, () => {}))
    expect((await post(await at(app.callback()), genuine())).status).toBe(200)
  })

  it('hands a failing handler to the app', async () => {
    const app = new Koa()
    const onError = vi.fn()
    app.on('error', onError)
    app.use(koaWebhook(createShop().receiver, () => Promise.reject(new Error('no stock'))))
    expect((await post(await at(app.callback()), genuine())).status).toBe(500)
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ message: 'no stock' })
  })
})

describe('koa, with a body of somebody else', () => {
  const withDefault = (handler: (event: unknown, context: { ctx: Koa.Context }) => unknown) => {
    const app = new Koa()
    app.silent = true
    app.use((ctx, next) => {
      ctx.body = 'default'
      return next()
    })
    app.use(koaWebhook(createShop().receiver, handler))
    return at(app.callback())
  }

  it('set before: acknowledgement and refusal are ours', async () => {
    const url = await withDefault(() => {})
    expect(await post(url, genuine())).toMatchObject({ status: 200, body: 'OK' })
    expect(await post(url, forged())).toMatchObject({ status: 401, body: '{"error":"unauthorized"}' })
  })

  it('set by the handler: kept if it succeeds, ours if it fails', async () => {
    const mine = await withDefault((_, { ctx }) => {
      ctx.body = { mine: true }
    })
    expect(await post(mine, genuine())).toMatchObject({ status: 200, body: '{"mine":true}' })
    const failing = await withDefault((_, { ctx }) => {
      ctx.body = { mine: true }
      throw new Error('no stock')
    })
    expect(await post(failing, genuine())).toMatchObject({ status: 500, body: '{"error":"handler_failed"}' })
  })
})

describe('hono', () => {
  it('hands on the bytes of the body alone, whatever memory they lie in', async () => {
    const app = new Hono()
    app.post('/', honoVerify(createShop().receiver), async (c) => c.text(await c.req.text()))
    const rawBody = Buffer.from(genuine().body)
    expect(rawBody.buffer.byteLength).toBeGreaterThan(rawBody.length)
    const incoming = { rawBody, readableDidRead: false }
    expect(await (await app.request('/', init(), { incoming })).text()).toBe(genuine().body)
  })

  it('takes a request that bodyLimit has put in place of the one it read', async () => {
    const app = new Hono()
    app.use(bodyLimit({ maxSize: 100_000 }))
    app.post(
      '/',
      honoWebhook(createShop().receiver, () => {}),
    )
    const chunked = async function* () {
      yield new TextEncoder().encode(genuine().body)
    }
    const url = await at(getRequestListener(app.fetch))
    expect((await post(url, { ...genuine(), body: chunked() })).status).toBe(200)
    expect((await post(url, genuine())).status).toBe(200)
  })

  it('takes what other middleware read through Hono', async () => {
    for (const read of ['json', 'text', 'arrayBuffer'] as const) {
      const app = new Hono()
      app.use(async (c, next) => {
        await c.req[read]()
        await next()
      })
      app.post(
        '/',
        honoWebhook(createShop().receiver, () => {}),
      )
      expect((await app.request('/', init())).status).toBe(200)
      expect((await app.request('/', { ...init(), headers: forged().headers })).status).toBe(401)
    }
  })

  it('lets the next handler read the body after verifying', async () => {
    const app = new Hono()
    app.post('/', honoVerify(createShop().receiver), async (c) =>
      c.json({ parsed: (await c.req.json()).id, event: c.get('event').id }),
    )
    expect(await (await app.request('/', init())).json()).toEqual({ parsed: 'evt_1', event: 'evt_1' })
  })
})

describe('secrets that come with the request', () => {
  it('make one receiver per environment, not per request', async () => {
    const build = vi.fn((_env: { SECRET: string }) => createShop().receiver)
    const handler = vi.fn()
    const app = new Hono<{ Bindings: { SECRET: string } }>()
    app.post('/', honoWebhook(perEnvironment(build), handler))
    const [live, test] = [{ SECRET: secret }, { SECRET: secret }]
    for (const env of [live, live, live, test]) expect((await app.request('/', init(), env)).status).toBe(200)
    expect(build.mock.calls).toEqual([[live], [test]])
    expect(handler).toHaveBeenCalledTimes(2)
  })

  it('reach fetch handlers too, with what else the runtime hands over', async () => {
    const handler = vi.fn()
    const handle = fetchWebhook(
      perEnvironment((_env: { SECRET: string }) => createShop().receiver),
      handler,
    )
    const execution = { waitUntil() {} }
    const env = { SECRET: secret }
    expect((await handle(new Request('http://x/', init()), env, execution)).status).toBe(200)
    expect(handler.mock.calls[0]?.[1]).toMatchObject({ env, execution })
  })
})

describe('node:http', () => {
  it('survives a finder that throws', async () => {
    const unhandled = vi.fn()
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    process.on('unhandledRejection', unhandled)
    const listener = nodeWebhook(
      () => {
        throw new Error('no such shop')
      },
      () => {},
    )
    expect(await post(await at(listener), genuine())).toMatchObject({ status: 500, body: '{"error":"internal_error"}' })
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
    expect(error).toHaveBeenCalledTimes(1)
    error.mockRestore()
  })
})

describe('a handler that answers a failure by itself', () => {
  const listeners: [string, (receiver: Receiver) => RequestListener | Promise<RequestListener>][] = [
    [
      'express',
      (receiver) =>
        express().post(
          '/',
          expressWebhook(receiver, (_, { res }) => void res.status(500).end('mine')),
        ),
    ],
    ['node', (receiver) => nodeWebhook(receiver, (_, { res }) => void res.writeHead(500).end('mine'))],
    [
      'fastify',
      async (receiver) => {
        const app = Fastify()
        app.register(fastifyWebhook(receiver, (_, { reply }) => void reply.code(500).send('mine')))
        await app.ready()
        return (req, res) => app.routing(req, res)
      },
    ],
    [
      'koa',
      (receiver) => {
        const app = new Koa()
        app.silent = true
        const answer = koaWebhook(receiver, (_, { ctx }) => {
          ctx.status = 500
          ctx.body = 'mine'
        })
        return app.use(answer).callback()
      },
    ],
    [
      'hono',
      (receiver) =>
        getRequestListener(
          new Hono().post(
            '/',
            honoWebhook(receiver, (_, { c }) => c.text('mine', 500)),
          ).fetch,
        ),
    ],
    ['fetch', (receiver) => getRequestListener(fetchWebhook(receiver, () => new Response('mine', { status: 500 })))],
    [
      'lambda',
      (receiver) => {
        const handle = lambdaWebhook(receiver, () => ({ statusCode: 500 }))
        return async (req, res) => {
          const body = Buffer.concat(await req.toArray()).toString()
          const { statusCode } = await handle({ httpMethod: 'POST', headers: req.headers as never, body })
          res.writeHead(statusCode).end()
        }
      },
    ],
  ]
  it.each(listeners)('has the event brought again: %s', async (_, listen) => {
    const { receiver, reports } = createShop()
    const url = await at(await listen(receiver))
    for (let i = 0; i < 2; i++) expect((await post(url, genuine())).status).toBe(500)
    expect(reports).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }])
  })
})

describe('a finder that finds nothing', () => {
  it('is a misuse, and says so in the log alone', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    for (const found of [undefined, Promise.resolve(createShop().receiver)]) {
      const find = () => found as never
      const url = await at(getRequestListener(fetchWebhook(find, () => {})))
      expect(await post(url, genuine())).toMatchObject({ status: 500, body: '{"error":"internal_error"}' })
    }
    expect(String(error.mock.calls[1]?.[0])).toContain('must not be async')
    error.mockRestore()
  })
})

describe('a finder that throws', () => {
  it('is answered alike everywhere, its error in the log and not on the wire', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const find = () => {
      throw new Error('postgres://user:password@db')
    }
    const koa = new Koa()
    koa.use(koaWebhook(find, () => {}))
    const fastify = Fastify()
    fastify.register(fastifyWebhook(find, () => {}))
    await fastify.ready()
    const hono = new Hono()
    hono.post(
      '/',
      honoWebhook(find, () => {}),
    )
    const listeners = [
      express().post(
        '/',
        expressWebhook(find, () => {}),
      ),
      nodeWebhook(find, () => {}),
      koa.callback(),
      getRequestListener(hono.fetch),
      getRequestListener(fetchWebhook(find, () => {})),
      (req: never, res: never) => fastify.routing(req, res),
    ]
    for (const listener of listeners) {
      expect(await post(await at(listener as never), genuine())).toMatchObject({
        status: 500,
        body: '{"error":"internal_error"}',
      })
    }
    expect(error).toHaveBeenCalledTimes(listeners.length)
    error.mockRestore()
  })
})

describe('lambda', () => {
  it('answers a load balancer in the way it asked', async () => {
    const handle = lambdaWebhook(createShop().receiver, () => {})
    const { headers, body } = genuine()
    const several = Object.fromEntries(headers.map(([name, value]) => [name, [value]]))
    expect(await handle({ httpMethod: 'POST', multiValueHeaders: several, body })).toMatchObject({
      statusCode: 200,
      multiValueHeaders: { 'content-type': ['text/plain; charset=utf-8'] },
    })
    const one = await handle({ httpMethod: 'POST', headers: Object.fromEntries(headers), multiValueHeaders: {}, body })
    expect(one).toMatchObject({ statusCode: 200 })
    expect(one).not.toHaveProperty('multiValueHeaders')
  })

  const { headers, body } = genuine()
  it.each([
    ['a mapped body', { body: JSON.parse(body) }, 500],
    ['no body', { body: null }, 401],
    ['no headers', { headers: null }, 401],
    ['a GET', { httpMethod: 'GET' }, 405],
    ['base64 said and not meant', { isBase64Encoded: true }, 401],
    ['a mapped body said to be base64', { isBase64Encoded: true, body: JSON.parse(body) }, 500],
  ])('%s', async (_, change, status) => {
    const handle = lambdaWebhook(createShop().receiver, () => {})
    expect(
      (await handle({ httpMethod: 'POST', headers: Object.fromEntries(headers), body, ...change } as never)).statusCode,
    ).toBe(status)
  })
})

describe('every adapter', () => {
  it('says at mount what is missing', () => {
    const { receiver } = createShop()
    const mounts: ((receiver: never, handler: never) => unknown)[] = [
      fastifyWebhook,
      fetchWebhook,
      honoWebhook,
      koaWebhook,
      lambdaWebhook,
      nodeWebhook,
    ]
    for (const mount of mounts) {
      expect(() => mount(undefined as never, (() => {}) as never)).toThrow(`${mount.name}(receiver, handler)`)
      expect(() => mount(receiver as never, undefined as never)).toThrow(`${mount.name}(receiver, handler)`)
    }
  })

  it('can share an app with the others', async () => {
    const app = express()
    const other = createReceiver({ provider: payqi({ secret }), store: memoryStore(), observe: () => {} })
    app.post(
      '/a',
      nodeWebhook(createShop().receiver, () => {}),
    )
    app.post(
      '/b',
      nodeWebhook(other, () => {}),
    )
    const url = await at(app)
    expect((await post(`${url}/a`, genuine())).status).toBe(200)
    expect((await post(`${url}/b`, genuine())).status).toBe(401)
  })
})
