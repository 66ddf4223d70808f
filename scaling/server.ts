import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { createReceiver, memoryStore, type Receiver } from 'payproof'
import { expressWebhook } from 'payproof/express'
import { fastifyWebhook } from 'payproof/fastify'
import { honoWebhook } from 'payproof/hono'
import { nodeWebhook } from 'payproof/node'
import { payqiWire } from '../bench/wires'
import { openPostgres, openRedis } from './candidates'

console.warn = () => {}

const [framework = '', kind = '', url = ''] = process.argv.slice(2)

const opened = {
  memory: async () => memoryStore(),
  redis: async () => (await openRedis(url)).store,
  postgres: async () => (await openPostgres(url, { prepare: true })).store,
}

const handler = () => {}
const listeners: Readonly<Record<string, (receiver: Receiver) => RequestListener | Promise<RequestListener>>> = {
  express: (receiver) => express().post('/webhook', expressWebhook(receiver, handler)),
  async fastify(receiver) {
    const app = Fastify()
    app.register(fastifyWebhook(receiver, handler), { prefix: '/webhook' })
    await app.ready()
    return (req, res) => app.routing(req, res)
  },
  hono: (receiver) => getRequestListener(new Hono().post('/webhook', honoWebhook(receiver, handler)).fetch),
  node: (receiver) => nodeWebhook(receiver, handler),
}

const open = Object.hasOwn(opened, kind) ? opened[kind as keyof typeof opened] : undefined
const listen = Object.hasOwn(listeners, framework) ? listeners[framework] : undefined
if (open === undefined || listen === undefined) throw new Error(`There is no ${framework} with ${kind}.`)

// Under load a busy machine is no failure of the store.
const receiver = createReceiver({ provider: payqiWire.provider(), store: await open(), storeTimeoutMs: 10_000 })
const server: Server = createServer(await listen(receiver)).listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
process.send?.(typeof address === 'object' ? address?.port : undefined)

/** Whenever asked: the CPU time of this process so far. */
process.on('message', () => process.send?.(process.cpuUsage()))
process.once('disconnect', () => process.exit(0))
