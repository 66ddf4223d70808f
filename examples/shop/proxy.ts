/** What the providers reach: hands every request to one of the web processes, byte for byte. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { need } from './config'
import { live } from './life'

const upstreams = need('UPSTREAMS')
  .split(',')
  .map((url) => new URL(url))
const connectWithinMs = 1000
// Longer than payproof takes to answer that a server is down; CasPay hangs up after 10 s.
const answerWithinMs = 8000
// More than any of the web processes takes.
const maxBytes = 2 * 1024 * 1024
// Idle connections are let go of before the web processes do it, under a request.
const agent = new Agent({ keepAlive: true, timeout: 5000 })
let turn = 0

const server = createServer(async (incoming, response) => {
  const first = turn++
  const all = upstreams.map((_, number) => upstreams[(first + number) % upstreams.length] as URL)
  const body = await read(incoming).catch(() => undefined)
  if (body === undefined) return fail(response, 413)
  handOn({ incoming, body }, response, all)
})
server.requestTimeout = 15_000
// Longer than senders keep theirs: a delivery must not meet a connection that is being closed.
server.keepAliveTimeout = 75_000
server.listen(Number(need('PORT')), process.env['HOST'] ?? '127.0.0.1')
server.once('listening', () =>
  live(async () => {
    server.close()
    const closing = setInterval(() => server.closeIdleConnections(), 100)
    await new Promise((closed) => server.once('close', closed))
    clearInterval(closing)
  }),
)

interface Message {
  readonly incoming: IncomingMessage
  readonly body: Buffer
}

/** Throws where it is too long, or breaks off. */
async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw new Error('too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * To the first of these that answers. What was sent may have been done, though nobody said so: only a webhook is sent to another
 * then, where each event is handled once.
 */
function handOn(message: Message, response: ServerResponse, [upstream, ...others]: readonly URL[]): void {
  if (upstream === undefined) {
    fail(response, 503)
    return
  }
  const { incoming, body } = message
  let sent = false
  let late = false
  const outgoing = request(upstream, {
    agent,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: forwarded(incoming),
    setHost: false,
  })
  const start = () => {
    sent = true
    outgoing.setTimeout(answerWithinMs, () => {
      late = true
      outgoing.destroy()
    })
    outgoing.end(body)
  }
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return start()
    const timer = setTimeout(() => outgoing.destroy(), connectWithinMs)
    socket.once('close', () => clearTimeout(timer))
    socket.once('connect', () => {
      clearTimeout(timer)
      start()
    })
  })
  outgoing.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(response)
    answer.once('error', () => response.destroy())
  })
  outgoing.once('error', () => {
    const isDone = sent && (late || response.headersSent || !incoming.url?.startsWith('/webhooks/'))
    if (isDone || response.destroyed) fail(response, 502)
    else handOn(message, response, others)
  })
  response.once('close', () => {
    if (!response.writableFinished) outgoing.destroy()
  })
}

const ofThisHop = ['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'expect']

/** The headers as they came, names and order too, without those that are about the connection. */
function forwarded({ rawHeaders, socket }: IncomingMessage): string[] {
  const pairs: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2)
    if (!ofThisHop.includes(name.toLowerCase())) pairs.push(name, value)
  }
  return [...pairs, 'X-Forwarded-For', socket.remoteAddress ?? '']
}

function fail(response: ServerResponse, status: 413 | 502 | 503): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, { server: 'proxy', 'retry-after': '1', 'content-type': 'text/plain' }).end()
}
