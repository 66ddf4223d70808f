import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { expressWebhook } from 'payproof/express'
import { fastifyWebhook } from 'payproof/fastify'
import { honoWebhook } from 'payproof/hono'
import { nodeWebhook } from 'payproof/node'
import { createOurs } from './ours'
import { type Headers, payqiWire } from './wires'

// As in worker.ts: what the default observer costs stays in, what it prints does not.
console.warn = () => {}

const { floor } = payqiWire
const receiver = createOurs(payqiWire)
const handler = () => {}

/** Proves by hand and answers as the framework's documentation shows it. */
const verified = (headers: unknown, body: Buffer): boolean => {
  try {
    floor({ headers: headers as Headers, body })
    return true
  } catch {
    return false
  }
}

const listeners: Readonly<Record<string, () => RequestListener | Promise<RequestListener>>> = {
  'express payproof': () => express().post('/webhook', expressWebhook(receiver, handler)),
  'express by hand': () =>
    express().post('/webhook', express.raw({ type: 'application/json', limit: '1mb' }), (req, res) => {
      if (!verified(req.headers, req.body)) return void res.status(401).send('bad signature')
      res.type('text/plain').send('OK')
    }),
  async 'fastify payproof'() {
    const app = Fastify()
    app.register(fastifyWebhook(receiver, handler), { prefix: '/webhook' })
    await app.ready()
    return (req, res) => app.routing(req, res)
  },
  async 'fastify by hand'() {
    const app = Fastify()
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.post('/webhook', (request, reply) => {
      if (!verified(request.headers, request.body as Buffer)) return void reply.code(401).send('bad signature')
      reply.type('text/plain').send('OK')
    })
    await app.ready()
    return (req, res) => app.routing(req, res)
  },
  'hono payproof': () => getRequestListener(new Hono().post('/webhook', honoWebhook(receiver, handler)).fetch),
  'hono by hand': () =>
    getRequestListener(
      new Hono().post('/webhook', async (c) => {
        const body = Buffer.from(await c.req.arrayBuffer())
        const headers = { 'x-payqi-signature': c.req.header('x-payqi-signature') }
        return verified(headers, body) ? c.text('OK') : c.text('bad signature', 401)
      }).fetch,
    ),
  'node payproof': () => nodeWebhook(receiver, handler),
  'node by hand': () => byHand,
}

async function byHand(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  const proven = verified(req.headers, Buffer.concat(chunks))
  res.writeHead(proven ? 200 : 401, { 'content-type': 'text/plain' }).end(proven ? 'OK' : 'bad signature')
}

const server: Server = createServer(await listenerFor(process.argv[2] ?? '')).listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
process.send?.(typeof address === 'object' ? address?.port : undefined)

/** Whenever asked: the CPU time of this process so far. */
process.on('message', () => process.send?.(process.cpuUsage()))
process.once('disconnect', () => process.exit(0))

async function listenerFor(name: string): Promise<RequestListener> {
  const make = Object.hasOwn(listeners, name) ? listeners[name] : undefined
  if (make === undefined) throw new Error(`There is no server by the name of ${name}.`)
  return make()
}
