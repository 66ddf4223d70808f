import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex, Readable } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import express5 from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { expressVerify, expressWebhook } from '../../adapters/express'
import { fastifyVerify, fastifyWebhook } from '../../adapters/fastify'
import { fetchVerify, fetchWebhook } from '../../adapters/fetch'
import { honoVerify, honoWebhook } from '../../adapters/hono'
import { koaVerify, koaWebhook } from '../../adapters/koa'
import { type LambdaHttpEvent, type LambdaResult, lambdaVerify, lambdaWebhook } from '../../adapters/lambda'
import { nodeVerify, nodeWebhook } from '../../adapters/node'
import type { Receiver, WebhookEvent } from '../../src'
import { type Answer, parseAnswer, type Running, serve } from '../support/server'

export interface Mount {
  readonly receiver: Receiver<WebhookEvent>
  readonly handler: (event: WebhookEvent) => unknown
  /** What stands in front: nothing, something that parses the body, or something that reads it and keeps nothing. */
  readonly before?: 'parser' | 'consumer' | undefined
}

export interface Sent {
  readonly method: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | AsyncIterable<Uint8Array>
}

/** One adapter in its framework. The webhook is at `/hook`, its verify-only form at `/verify`. */
export interface Host {
  readonly name: string
  listen(mount: Mount): Promise<Running>
  inject(mount: Mount): Promise<(path: string, sent: Sent) => Promise<Answer>>
}

const json = 'application/json; charset=utf-8'
const verified = (event: WebhookEvent) => JSON.stringify({ verified: event.type })

/** Frameworks that are, or give, a listener for `node:http`. */
function nodeHost(name: string, mount: (mount: Mount) => RequestListener | Promise<RequestListener>): Host {
  return {
    name,
    listen: async (options) => serve(await mount(options)),
    inject: async (options) => {
      const listener = await mount(options)
      return (path, sent) => injectNode(listener, path, sent)
    },
  }
}

/** Calls a listener with a request and a response of Node's own on a socket that leads nowhere. */
async function injectNode(listener: RequestListener, path: string, { method, headers, body }: Sent): Promise<Answer> {
  const written: Buffer[] = []
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk)
      done()
    },
  }) as Socket
  const req = new IncomingMessage(socket)
  const length: [string, string][] =
    typeof body === 'string' ? [['content-length', String(Buffer.byteLength(body))]] : []
  const joined = Object.fromEntries(
    new Headers([...headers.map(([key, value]): [string, string] => [key, value]), ...length]),
  )
  Object.assign(req, {
    method,
    url: path,
    httpVersion: '1.1',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    headers: joined,
  })
  const res = new ServerResponse(req)
  res.assignSocket(socket)
  const finished = new Promise((resolve) => res.once('finish', resolve))
  listener(req, res)
  try {
    for await (const chunk of typeof body === 'string' ? [Buffer.from(body)] : body) req.push(chunk)
    req.complete = true
    req.push(null)
  } catch {
    req.destroy()
  }
  await finished
  return parseAnswer(Buffer.concat(written).toString('latin1'))
}

/** Handlers from `Request` to `Response`, in process as they are, on a socket behind Hono's Node server. */
function fetchHost(name: string, mount: (mount: Mount) => (request: Request) => Response | Promise<Response>): Host {
  return {
    name,
    listen: (options) => serve(getRequestListener(mount(options))),
    inject: async (options) => {
      const handle = mount(options)
      return async (path, { method, headers, body }) => {
        const stream = typeof body === 'string' ? body : (Readable.toWeb(Readable.from(body)) as ReadableStream)
        const init = {
          method,
          headers: headers.map(([key, value]): [string, string] => [key, value]),
          body: stream,
          duplex: 'half',
        }
        const answer = await handle(new Request(`http://shop.example${path}`, init))
        return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() }
      }
    },
  }
}

/** Lambda functions, on a socket behind a stand-in for API Gateway. */
function lambdaHost(name: string, toEvent: (sent: Sent & { body: string }) => LambdaHttpEvent): Host {
  const mount = ({ receiver, handler, before }: Mount) => {
    const hook = lambdaWebhook(receiver, handler)
    const verify = lambdaVerify(
      receiver,
      async (event): Promise<LambdaResult> => ({
        statusCode: 200,
        headers: { 'content-type': json },
        body: verified(event),
        isBase64Encoded: false,
      }),
    )
    return async (path: string, sent: Sent & { body: string }): Promise<Answer> => {
      const event = toEvent(sent)
      const mapped = before === undefined ? event : { ...event, body: JSON.parse(sent.body), isBase64Encoded: false }
      const { statusCode, headers, body } = await (path === '/hook' ? hook : verify)(mapped)
      return { status: statusCode, headers, body }
    }
  }
  return {
    name,
    listen: (options) => {
      const call = mount(options)
      return serve(async (req, res) => {
        const body = await new Response(Readable.toWeb(req) as ReadableStream).text().catch(() => undefined)
        if (body === undefined) return
        const headers = Object.entries(req.headersDistinct).flatMap(([key, values = []]) =>
          values.map((value) => [key, value] as const),
        )
        const answer = await call(req.url ?? '', { method: req.method ?? '', headers, body })
        res.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length }).end(answer.body)
      })
    },
    inject: async (options) => {
      const call = mount(options)
      return async (path, sent) =>
        call(path, {
          ...sent,
          body:
            typeof sent.body === 'string'
              ? sent.body
              : await new Response(Readable.toWeb(Readable.from(sent.body)) as ReadableStream).text(),
        })
    },
  }
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}')
}

async function consume(req: IncomingMessage, before: Mount['before']): Promise<unknown> {
  if (before === undefined) return undefined
  const body = await readJson(req)
  return before === 'parser' ? body : undefined
}

function mountNode({ receiver, handler, before }: Mount): RequestListener {
  const hook = nodeWebhook(receiver, handler)
  const verify = nodeVerify(receiver, (req, res) => {
    res.setHeader('content-type', json).end(verified(req.event))
  })
  return async (req: IncomingMessage, res: ServerResponse) => {
    const body = await consume(req, before)
    if (body !== undefined) Object.assign(req, { body })
    await (req.url === '/hook' ? hook : verify)(req, res)
  }
}

function mountExpress(express: typeof express5) {
  return ({ receiver, handler, before }: Mount): RequestListener => {
    const app = express()
    if (before === 'parser') app.use(express.json())
    if (before === 'consumer') app.use((req, _res, next) => void consume(req, before).then(() => next()))
    app.all('/hook', expressWebhook(receiver, handler))
    app.all('/verify', expressVerify(receiver), (req, res) => {
      res.type(json).end(verified((req as unknown as { event: WebhookEvent }).event))
    })
    return app
  }
}

async function mountFastify({ receiver, handler, before }: Mount): Promise<RequestListener> {
  const app = Fastify({ logger: false })
  app.addHook('onRequest', async (request) => {
    const body = await consume(request.raw, before)
    if (body !== undefined) request.body = body
  })
  app.register(fastifyWebhook(receiver, handler), { prefix: '/hook' })
  app.route({
    method: app.supportedMethods,
    url: '/verify',
    preParsing: fastifyVerify(receiver),
    handler: async (request, reply) =>
      reply.type(json).send(verified((request as unknown as { event: WebhookEvent }).event)),
  })
  app.addContentTypeParser('*', (_request, payload, done) => payload.resume().on('end', () => done(null)))
  await app.ready()
  return (req, res) => app.routing(req, res)
}

function mountKoa({ receiver, handler, before }: Mount): RequestListener {
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    const body = await consume(ctx.req, before)
    if (body !== undefined) Object.assign(ctx.request, { body })
    await next()
  })
  app.use((ctx, next) => (ctx.path === '/hook' ? koaWebhook(receiver, handler)(ctx, next) : next()))
  app.use(koaVerify(receiver))
  app.use((ctx) => {
    ctx.type = json
    ctx.body = verified(ctx.state.event)
  })
  return app.callback()
}

function mountHono({ receiver, handler, before }: Mount): Hono {
  const app = new Hono()
  app.use(async (c, next) => {
    if (before !== undefined) await c.req.raw.json()
    await next()
  })
  app.all('/hook', honoWebhook(receiver, handler))
  app.all('/verify', honoVerify(receiver), (c) => c.body(verified(c.get('event')), 200, { 'content-type': json }))
  return app
}

function mountFetch({ receiver, handler, before }: Mount) {
  const hook = fetchWebhook(receiver, handler)
  const verify = fetchVerify(receiver, (event) => new Response(verified(event), { headers: { 'content-type': json } }))
  return async (request: Request) => {
    if (before !== undefined) await request.json()
    return (new URL(request.url).pathname === '/hook' ? hook : verify)(request)
  }
}

const single = (headers: Sent['headers']) =>
  Object.fromEntries([...new Headers(headers.map(([key, value]): [string, string] => [key, value]))])
const multi = (headers: Sent['headers']) => {
  const all: Record<string, string[]> = {}
  for (const [key, value] of headers) all[key] = [...(all[key] ?? []), value]
  return all
}

const honoHost = fetchHost('hono', (mount) => mountHono(mount).fetch)

export const hosts: readonly Host[] = [
  nodeHost('node:http', mountNode),
  nodeHost('express 5', mountExpress(express5)),
  nodeHost('express 4', mountExpress(express4 as unknown as typeof express5)),
  nodeHost('fastify', mountFastify),
  nodeHost('koa', mountKoa),
  { ...honoHost, listen: (mount) => serve(getRequestListener(mountHono(mount).fetch)) },
  fetchHost('fetch', mountFetch),
  lambdaHost('lambda v1', ({ method, headers, body }) => ({
    httpMethod: method,
    headers: single(headers),
    multiValueHeaders: multi(headers),
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  })),
  lambdaHost('lambda v2', ({ method, headers, body }) => ({
    requestContext: { http: { method } },
    headers: single(headers),
    body,
    isBase64Encoded: false,
  })),
]
