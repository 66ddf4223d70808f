import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { pipeline, Readable } from 'node:stream'

export interface Running {
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

/** Serves on a free loopback port. */
export async function serve(listener: RequestListener): Promise<Running> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

/** One request over a socket of its own. Without a body the stream is left to `send`. */
export function post(
  url: string,
  {
    method = 'POST',
    headers,
    body,
  }: {
    method?: string
    headers: readonly (readonly [string, string])[]
    body: string | Uint8Array | AsyncIterable<Uint8Array>
  },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    outgoing.on('error', reject)
    const byName = new Map<string, string[]>()
    for (const [name, value] of headers) byName.set(name, [...(byName.get(name) ?? []), value])
    for (const [name, values] of byName) outgoing.setHeader(name, values)
    if (typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body)
    else pipeline(Readable.from(body), outgoing, () => {})
  })
}

/** Writes bytes to a socket as they are, waits, and gives what came back. */
export function raw(
  port: number,
  parts: readonly (string | Uint8Array)[],
  options: { pauseMs?: number; waitMs?: number } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => resolve(answer))
    socket.on('close', () => resolve(answer))
    socket.on('connect', async () => {
      for (const part of parts) {
        socket.write(part)
        if (options.pauseMs !== undefined) await new Promise((done) => setTimeout(done, options.pauseMs))
      }
      setTimeout(() => socket.destroy(), options.waitMs ?? 500)
    })
  })
}

/** Reads an HTTP answer as it came over the wire. */
export function parseAnswer(text: string): Answer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const payload = rest.join('\r\n\r\n')
  const body =
    headers['transfer-encoding'] === 'chunked' ? payload.replace(/[0-9a-f]+\r\n([\s\S]*?)\r\n/g, '$1') : payload
  return { status: Number(statusLine.split(' ')[1]), headers, body }
}
