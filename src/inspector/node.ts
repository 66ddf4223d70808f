import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { misconfigured } from '../errors'
import type { PageAnswer } from './answers'
import { type PageRequest, prefix } from './guard'

type Page = (request: PageRequest) => Promise<PageAnswer>

/** The page for a `node:http` server, or as a middleware: what is not for it goes to `next`. */
export function nodeListener(page: Page) {
  return async (req: IncomingMessage, res: ServerResponse, next?: () => void): Promise<void> => {
    if (next !== undefined && req.url?.startsWith(prefix) !== true) return next()
    const { status, headers, body } = await page(fromNode(req))
    res.writeHead(status, headers)
    if (!(body instanceof ReadableStream)) {
      res.end(body)
      return
    }
    res.flushHeaders()
    // The reader hangs up in the middle: that is how a stream of news ends.
    await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), res).catch(() => {})
  }
}

function fromNode(req: IncomingMessage): PageRequest {
  return {
    method: req.method ?? '',
    target: req.url ?? '',
    header: (name) => [req.headers[name]].flat()[0],
    text: async (maxBytes) => {
      const chunks: Buffer[] = []
      let length = 0
      for await (const chunk of req as AsyncIterable<Buffer>) {
        length += chunk.length
        if (length > maxBytes) return undefined
        chunks.push(chunk)
      }
      return Buffer.concat(chunks).toString()
    },
  }
}

/** The page as a function from `Request` to `Response`. */
export function fetchHandler(page: Page): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, host } = new URL(request.url)
    const { status, headers, body } = await page({
      method: request.method,
      target: pathname,
      header: (name) => request.headers.get(name) ?? (name === 'host' ? host : undefined),
      text: async (maxBytes) => {
        const text = await request.text()
        return text.length > maxBytes ? undefined : text
      },
    })
    return new Response(body as BodyInit, { status, headers })
  }
}

export interface Listening {
  readonly server: Server
  readonly port: number
  close(): Promise<void>
}

/** Listens, on the loopback interface unless told otherwise; the system chooses port 0. Throws what to do where it cannot. */
export async function listen(listener: RequestListener, port: number, host = '127.0.0.1'): Promise<Listening> {
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, port, host)))
    server.listen(port, host, resolve)
  })
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function cannotListen({ code = 'unknown' }: NodeJS.ErrnoException, port: number, host: string): Error {
  if (/^(?:ENOTFOUND|EAI_\w+|EADDRNOTAVAIL|EINVAL|EAFNOSUPPORT)$/.test(code))
    return misconfigured(
      'host',
      `${host} is no address of this machine: \`127.0.0.1\` is, and \`0.0.0.0\` is all of them.`,
    )
  if (code === 'EADDRINUSE')
    return misconfigured('port', `${port} is taken: choose another one, or stop what listens there.`)
  if (code === 'EACCES') return misconfigured('port', `${port} is not allowed to you: choose one above 1023.`)
  return misconfigured('port', `${port} cannot be listened on: ${code}.`)
}
