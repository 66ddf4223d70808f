import express5, { type Express, type RequestHandler } from 'express'
import express4 from 'express4'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { expressVerify, expressWebhook, type VerifiedRequest } from '../adapters/express'
import type { CaspayEvent } from '../src'
import { post, type Running, raw, serve } from './support/server'
import { createShop, forged, genuine, never, sleep, until } from './support/shop'

const running: Running[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})
const open = async (app: Express) => {
  const server = await serve(app)
  running.push(server)
  return server
}

const hook = '/webhooks/caspay'
const versions: [string, () => Express][] = [
  ['Express 5', () => express5()],
  ['Express 4', () => express4() as unknown as Express],
]

describe.each(versions)('%s', (_, createApp) => {
  const shop = async (
    mount: (app: Express) => void = () => {},
    options: Parameters<typeof createShop>[0] = {},
    handler: (event: unknown) => unknown = () => {},
  ) => {
    const { receiver, reports } = createShop(options)
    const spy = vi.fn(handler)
    const app = createApp()
    mount(app)
    app.all(hook, expressWebhook(receiver, spy))
    const server = await open(app)
    return { url: server.url + hook, port: server.port, handler: spy, reports, app }
  }

  it('handles a genuine delivery once, and gives the handler req and res', async () => {
    const { url, handler } = await shop()
    expect(await post(url, genuine())).toMatchObject({
      status: 200,
      body: 'OK',
      headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': '2' },
    })
    expect(await post(url, genuine())).toMatchObject({ status: 200, body: 'OK' })
    expect(handler).toHaveBeenCalledTimes(1)
    expect(handler.mock.calls[0]).toMatchObject([
      { type: 'payment.completed' },
      { req: { method: 'POST' }, res: {}, signal: {} },
    ])
  })

  it('100 parallel copies over real sockets: one run', async () => {
    const { url, handler } = await shop(undefined, {}, () => sleep(50))
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(url, genuine())))
    expect(handler).toHaveBeenCalledTimes(1)
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1)
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true)
  })

  it('refuses a forgery', async () => {
    const { url, handler } = await shop()
    expect(await post(url, forged())).toMatchObject({ status: 401, body: '{"error":"unauthorized"}' })
    expect(handler).not.toHaveBeenCalled()
  })

  it.each<[string, () => RequestHandler]>([
    ['no body parser', () => (_req, _res, next) => next()],
    ['express.raw', () => express5.raw({ type: () => true })],
    ['express.text', () => express5.text({ type: () => true })],
    ['express.json for another type', () => express5.json({ type: 'application/vnd.other+json' })],
    [
      'express.json that keeps rawBody',
      () =>
        express5.json({
          verify: (req, _res, buffer) => {
            Object.assign(req, { rawBody: buffer })
          },
        }),
    ],
  ])('works behind %s', async (_name, parser) => {
    const { url, handler } = await shop((app) => app.use(parser()))
    expect((await post(url, genuine())).status).toBe(200)
    expect((await post(url, forged())).status).toBe(401)
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it('names a parsed body at once, with the fix', async () => {
    const { url, handler, reports } = await shop((app) => app.use(express5.json()))
    const startedMs = performance.now()
    expect(await post(url, genuine())).toMatchObject({ status: 500, body: '{"error":"body_already_parsed"}' })
    expect(performance.now() - startedMs).toBeLessThan(2000)
    expect(reports[0]).toMatchObject({ outcome: 'misuse', code: 'body_already_parsed' })
    expect(reports[0]?.type === 'delivery' && reports[0].hint).toContain('above `app.use(express.json())`')
    expect(handler).not.toHaveBeenCalled()
  })

  it('never hangs on a stream that is consumed', async () => {
    const { url, reports } = await shop((app) =>
      app.use((req, _res, next) => {
        req.resume()
        req.once('end', next)
      }),
    )
    expect(await post(url, genuine())).toMatchObject({ status: 500, body: '{"error":"body_already_parsed"}' })
    expect(reports[0]).toMatchObject({ code: 'body_already_parsed' })
  })

  it('names a stream that was told to give text, and lives on', async () => {
    const { url, reports } = await shop((app) =>
      app.use((req, _res, next) => {
        req.setEncoding('utf8')
        next()
      }),
    )
    expect((await post(url, { ...genuine(), body: 'é'.repeat(100_000) })).status).toBe(500)
    expect(reports[0]).toMatchObject({ code: 'body_already_parsed' })
  })

  it('does not wait for a sender that has gone before', async () => {
    const { port, reports } = await shop((app) => app.use((_req, _res, next) => void setTimeout(next, 100)))
    await raw(port, [`POST ${hook} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n`, '{'], { waitMs: 20 })
    await until(() => reports.length > 0)
    expect(reports[0]).toMatchObject({ code: 'body_aborted' })
    expect(reports[0]).toMatchObject({ durationMs: expect.any(Number) })
  })

  it('says at mount what is missing', () => {
    const { receiver } = createShop()
    for (const args of [
      [undefined, () => {}],
      [receiver, undefined],
      [() => {}, receiver],
      [{}, () => {}],
    ]) {
      expect(() => expressWebhook(...(args as unknown as Parameters<typeof expressWebhook>))).toThrow(
        'expressWebhook(receiver, handler)',
      )
    }
  })

  it('never hangs on a stream that somebody else is reading', async () => {
    const { url } = await shop((app) =>
      app.use((req, _res, next) => {
        req.once('data', () => next())
      }),
    )
    expect((await post(url, genuine())).status).toBe(500)
  })

  it('answers 413 by length and by chunks, keeps nothing of the rest', async () => {
    const { url, port, handler } = await shop(undefined, { maxBodyBytes: 1024 })
    expect((await post(url, { ...genuine(), body: 'x'.repeat(5_000_000) })).status).toBe(413)
    const head = `POST ${hook} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    expect(await raw(port, [head, chunk, chunk, chunk])).toContain(' 413 ')
    expect(handler).not.toHaveBeenCalled()
  })

  it('answers 408 to a body that does not come', async () => {
    const { port, handler } = await shop(undefined, { bodyTimeoutMs: 100 })
    expect(
      await raw(port, [`POST ${hook} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n`, '{'], { waitMs: 1000 }),
    ).toContain(' 408 ')
    expect(handler).not.toHaveBeenCalled()
  })

  it('reports a sender that hangs up in the middle', async () => {
    const { port, reports, handler } = await shop()
    await raw(port, [`POST ${hook} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n`, '{'], { waitMs: 20 })
    await until(() => reports.length > 0)
    expect(reports[0]).toMatchObject({ code: 'body_aborted' })
    expect(handler).not.toHaveBeenCalled()
  })

  it('goes on when the sender hangs up while the handler runs', async () => {
    const { port, reports, handler } = await shop(undefined, {}, () => sleep(80))
    const { headers, body } = genuine()
    const head = [
      `POST ${hook} HTTP/1.1`,
      'host: x',
      ...headers.map(([name, value]) => `${name}: ${value}`),
      `content-length: ${body.length}`,
    ]
    await raw(port, [`${head.join('\r\n')}\r\n\r\n${body}`], { waitMs: 30 })
    await until(() => reports.length > 0)
    expect(reports[0]).toMatchObject({ outcome: 'processed' })
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it.each([
    ['gzip', [['content-encoding', 'gzip']], 415],
    ['the signature twice', genuine().headers.slice(0, 1), 401],
  ] as [string, [string, string][], number][])('%s', async (_name, more, status) => {
    const { url, handler } = await shop()
    expect((await post(url, { ...genuine(), headers: [...genuine().headers, ...more] })).status).toBe(status)
    expect(handler).not.toHaveBeenCalled()
  })

  it('answers 405 to anything but POST', async () => {
    const { url } = await shop()
    expect(await post(url, { ...genuine(), method: 'PUT' })).toMatchObject({ status: 405, headers: { allow: 'POST' } })
  })

  it('a failing handler is 500, its error reported and not sent', async () => {
    const { url, reports } = await shop(undefined, {}, () => {
      throw new Error('postgres://user:password@host')
    })
    expect(await post(url, genuine())).toMatchObject({ status: 500, body: '{"error":"handler_failed"}' })
    expect(reports[0]).toMatchObject({ error: { message: 'postgres://user:password@host' } })
  })

  it('a handler that answers by itself is left alone', async () => {
    const { receiver } = createShop()
    const app = createApp()
    app.post(
      hook,
      expressWebhook(receiver, (_event, { res }) => {
        res.status(202).send('mine')
      }),
    )
    const { url } = await open(app)
    expect(await post(url + hook, genuine())).toMatchObject({ status: 202, body: 'mine' })
  })

  it('finds the receiver by request; a finder that throws is answered for, and nothing is left unhandled', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const { receiver } = createShop()
    const app = createApp()
    app.post(
      '/:shop',
      expressWebhook(
        (req) => {
          if (req.params['shop'] !== 'known') throw new Error('no such shop')
          return receiver
        },
        () => {},
      ),
    )
    const { url } = await open(app)
    expect((await post(`${url}/known`, genuine())).status).toBe(200)
    expect(await post(`${url}/other`, genuine())).toMatchObject({ status: 500, body: '{"error":"internal_error"}' })
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('cuts off a handler that fails in the middle of its own answer', async () => {
    const { receiver } = createShop()
    const app = createApp()
    app.post(
      hook,
      expressWebhook(receiver, (_event, { res }) => {
        res.writeHead(200)
        res.write('half')
        throw new Error('no stock')
      }),
    )
    const { url } = await open(app)
    await expect(post(url + hook, genuine())).rejects.toThrow()
  })

  it('lets a handler after expressVerify have the bytes again', async () => {
    const { receiver } = createShop()
    const app = createApp()
    app.post(
      hook,
      expressVerify(receiver),
      expressWebhook(createShop().receiver, () => {}),
    )
    expect((await post((await open(app)).url + hook, genuine())).status).toBe(200)
  })

  it('answers a large refused body over keep-alive, and goes on with the next request', async () => {
    const { port, handler } = await shop(undefined, { maxBodyBytes: 1024 })
    const { headers, body } = genuine()
    const large = `POST ${hook} HTTP/1.1\r\nhost: x\r\ncontent-length: 3000000\r\n\r\n`
    const next = [
      `POST ${hook} HTTP/1.1`,
      'host: x',
      ...headers.map(([name, value]) => `${name}: ${value}`),
      `content-length: ${body.length}`,
    ]
    const answer = await raw(port, [large, 'x'.repeat(3_000_000), `${next.join('\r\n')}\r\n\r\n${body}`], {
      waitMs: 1000,
    })
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['413', '200'])
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it('expressVerify leaves the event on the request, and refuses like the other', async () => {
    const { receiver } = createShop()
    const app = createApp()
    const next = vi.fn()
    app.all(hook, expressVerify(receiver), (req, res) => {
      next()
      res.json({ type: (req as unknown as VerifiedRequest<CaspayEvent>).event.type })
    })
    const { url } = await open(app)
    expect(await post(url + hook, genuine())).toMatchObject({ status: 200, body: '{"type":"payment.completed"}' })
    expect(await post(url + hook, forged())).toMatchObject({ status: 401, body: '{"error":"unauthorized"}' })
    expect((await post(url + hook, { ...genuine(), method: 'PUT' })).status).toBe(405)
    expect(next).toHaveBeenCalledTimes(1)
  })

  it('answers 503 while the store is silent', async () => {
    const { url, handler } = await shop(undefined, {
      store: { claim: never, renew: never, complete: never, release: never },
      storeTimeoutMs: 50,
    })
    expect(await post(url, genuine())).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(handler).not.toHaveBeenCalled()
  })
})
