/** The operator's page, on a port of its own, which no stranger reaches: what was not handled, to be replayed or dropped. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import Fastify, { type FastifyRequest } from 'fastify'
import { need, readConfig } from './config'
import { openFront } from './front'
import { type Named, openLetters } from './letters'
import { live } from './life'
import { renderPage } from './page'
import { closeReceivers } from './receivers'
import { openDatabase, openRedis } from './servers'

const config = readConfig()
const password = need('OPERATOR_PASSWORD')
// Nothing slows down who guesses.
if (password.length < 16) throw new Error('OPERATOR_PASSWORD is to have 16 characters at least: openssl rand -hex 32')
const pool = openDatabase(config.databaseUrl)
const redis = await openRedis(config.redisUrl)
const front = openFront(config, redis)
const letters = openLetters(pool, front)
// In every form and in nothing that another site could read: so no other site can press a button here.
const token = randomBytes(32).toString('base64url')
let said = ''

interface Form extends Named {
  readonly token: string
}

const formSchema = {
  type: 'object',
  required: ['token', 'place', 'provider', 'id'],
  properties: {
    token: { type: 'string' },
    place: { enum: ['web', 'spool', 'worker'] },
    provider: { type: 'string' },
    id: { type: 'string' },
  },
}

const app = Fastify({ logger: { level: 'warn' } })
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
  done(null, Object.fromEntries(new URLSearchParams(String(body)))),
)
app.addHook('onRequest', async (request, reply) => {
  reply.headers({
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  })
  if (isOperator(request)) return
  return reply.code(401).header('www-authenticate', 'Basic realm="operator"').send('Who are you?')
})
app.addHook('preHandler', async (request, reply) => {
  if (request.method === 'GET' || isEqual(String((request.body as Form)?.token), token)) return
  return reply.code(403).send('This button is not of this page: reload it.')
})

app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
  const status = error.statusCode ?? 503
  if (status >= 500) request.log.error(error)
  const says =
    status < 500 ? 'That is no button of this page.' : 'A server of the shop does not answer: reload this page.'
  return reply.code(status).type('text/plain; charset=utf-8').send(says)
})

app.get('/', async (_, reply) => {
  const [kept, counts, orders] = await Promise.all([
    letters.list(),
    front.queue.getJobCounts('waiting', 'active', 'delayed', 'failed'),
    pool.query("SELECT coalesce(outcome, 'open') AS outcome, count(*)::int AS count FROM orders GROUP BY 1 ORDER BY 1"),
  ])
  const page = renderPage({ kept, counts, orders: orders.rows, token, said })
  said = ''
  return reply.type('text/html; charset=utf-8').send(page)
})

app.post<{ Body: Form }>('/replay', { schema: { body: formSchema } }, async ({ body }, reply) => {
  const problem = await letters.replay(body)
  said = problem === undefined ? `Replayed ${body.id}.` : `${body.id} could not be replayed. ${problem}`
  return reply.redirect('/', 303)
})

app.post('/replay-all', async (_, reply) => {
  const all = await letters.list()
  let handled = 0
  for (const kept of all) if ((await letters.replay(kept)) === undefined) handled++
  said = `Replayed ${handled} of ${all.length}.`
  return reply.redirect('/', 303)
})

app.post<{ Body: Form }>('/discard', { schema: { body: formSchema } }, async ({ body }, reply) => {
  said = (await letters.discard(body)) ? `Dropped ${body.id}.` : `${body.id} was not dropped: it is not there any more.`
  return reply.redirect('/', 303)
})

await app.listen({ port: config.port, host: config.host })
live(async () => {
  await app.close()
  await closeReceivers(front.receivers)
  redis.disconnect()
  await pool.end()
})

/** Basic authentication: any name, the right password. */
function isOperator({ headers }: FastifyRequest): boolean {
  const [scheme, given = ''] = (headers.authorization ?? '').split(' ')
  const offered = Buffer.from(given, 'base64').toString().split(':').slice(1).join(':')
  return scheme?.toLowerCase() === 'basic' && isEqual(offered, password)
}

function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
