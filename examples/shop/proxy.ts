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
// Idle connections are let go of before the web processes do it, under a request.
const agent = new Agent({ keepAlive: true, timeout: 5000 })
let turn = 0

const server = createServer((incoming, response) => {
  const first = turn++
  const rest = upstreams.map((_, number) => upstreams[(first + number) % upstreams.length] as URL)
  handOn(incoming, response, rest)
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

/** To the first of these that takes a connection. Once something was sent there is no other: it may have been handled. */
function handOn(incoming: IncomingMessage, response: ServerResponse, [upstream, ...others]: readonly URL[]): void {
  if (upstream === undefined) {
    fail(response, 503)
    return
  }
  let sent = false
  const outgoing = request(upstream, {
    agent,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: forwarded(incoming),
    setHost: false,
  })
  const start = () => {
    sent = true
    outgoing.setTimeout(answerWithinMs, () => outgoing.destroy())
    incoming.pipe(outgoing)
  }
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return start()
    const late = setTimeout(() => outgoing.destroy(), connectWithinMs)
    socket.once('close', () => clearTimeout(late))
    socket.once('connect', () => {
      clearTimeout(late)
      start()
    })
  })
  outgoing.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(response)
    answer.once('error', () => response.destroy())
  })
  outgoing.once('error', () => (sent ? fail(response, 502) : handOn(incoming, response, others)))
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

function fail(response: ServerResponse, status: 502 | 503): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, { server: 'proxy', 'retry-after': '1', 'content-type': 'text/plain' }).end()
}
