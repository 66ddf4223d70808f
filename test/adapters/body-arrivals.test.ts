import type { IncomingMessage, RequestListener } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nodeWebhook } from '../../adapters/node'
import { parseAnswer, type Running, raw, serve } from '../support/server'
import { createShop, genuine, sleep } from '../support/shop'

/** However the bytes of one delivery come in, and whoever looks at them on their way, it is the same delivery. */
let server: Running | undefined
afterEach(() => server?.close())

const { headers, body } = genuine()
const head = (...more: string[]) =>
  [
    'POST / HTTP/1.1',
    'host: shop',
    'connection: close',
    ...headers.map((pair) => pair.join(': ')),
    ...more,
    '',
    '',
  ].join('\r\n')
const sized = head(`content-length: ${body.length}`)
const inChunks = head('transfer-encoding: chunked')
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

async function answerTo(parts: readonly string[], before: (req: IncomingMessage) => unknown = () => {}) {
  const { receiver } = createShop()
  const handler = vi.fn()
  const listener = nodeWebhook(receiver, handler)
  const wrapped: RequestListener = async (req, res) => {
    const waiting = before(req)
    if (waiting instanceof Promise) await waiting
    await listener(req, res)
  }
  server = await serve(wrapped)
  const { status } = parseAnswer(await raw(server.port, parts, { pauseMs: 30 }))
  return { status, calls: handler.mock.calls.length }
}

describe('a body', () => {
  it.each<[string, readonly string[]]>([
    ['in one packet with its headers', [sized + body]],
    ['in a packet of its own', [sized, body]],
    ['half with its headers', [sized + body.slice(0, 50), body.slice(50)]],
    ['in chunks of one packet', [inChunks + chunk(body.slice(0, 50)) + chunk(body.slice(50)) + chunk('')]],
    ['in chunks, its end later', [inChunks + chunk(body), chunk('')]],
  ])('%s is taken', async (_, parts) => {
    expect(await answerTo(parts)).toEqual({ status: 200, calls: 1 })
  })

  it.each<[string, (req: IncomingMessage) => unknown]>([
    ['counts its bytes', (req) => req.on('data', () => {})],
    ['has paused it', (req) => req.pause()],
    ['comes back when all of it is there', () => sleep(20)],
  ])('is taken after something that %s', async (_, before) => {
    expect(await answerTo([sized + body], before)).toEqual({ status: 200, calls: 1 })
    await server?.close()
    expect(await answerTo([sized + body.slice(0, 50), body.slice(50)], before)).toEqual({ status: 200, calls: 1 })
  })

  it('is a Buffer, in however many parts it comes', async () => {
    for (const parts of [[sized + body], [sized, body.slice(0, 50), body.slice(50)]]) {
      const texts: string[] = []
      const { receiver } = createShop()
      server = await serve(nodeWebhook(receiver, ({ rawBody }) => void texts.push(rawBody.toString())))
      await raw(server.port, parts, { pauseMs: 30 })
      await server.close()
      expect(texts).toEqual([body])
    }
  })

  it.each<[string, readonly string[]]>([
    ['with its headers', [sized + body]],
    ['in a packet of its own', [sized, body]],
  ])('that comes %s ends for whoever waits for its end', async (_, parts) => {
    const ended = vi.fn()
    await answerTo(parts, (req) => void req.once('end', ended))
    expect(ended.mock.calls.length).toBe(1)
  })

  it('that is cut off is answered by nobody, handled by nobody', async () => {
    expect(await answerTo([sized + body.slice(0, 50)])).toEqual({ status: Number.NaN, calls: 0 })
  })

  it('of which something has read a part is refused', async () => {
    const readSome = async (req: IncomingMessage) => {
      await sleep(20)
      req.read(10)
    }
    expect(await answerTo([sized + body], readSome)).toEqual({ status: 500, calls: 0 })
  })

  it('that something has as text is refused', async () => {
    expect(await answerTo([sized + body], (req) => req.setEncoding('utf8'))).toEqual({ status: 500, calls: 0 })
  })
})
