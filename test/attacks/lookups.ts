import { kasperopay, type Provider, type WebhookEvent } from '../../src'
import { serve } from '../support/server'
import { sleep } from '../support/shop'
import { type Attack, checking, type Expectation, misbuilding, type Try } from './attack'
import { kasper, kasperFacts, kasperSent, merchantId } from './senders'
import { direct, directly, onHosts, withStage } from './stage'

const mismatch: Expectation = { status: 401, code: 'payment_mismatch' }
const unavailable: Expectation = { status: 503, code: 'confirmation_unavailable' }
const badId: Expectation = { status: 401, code: 'payment_not_confirmed' }
const json = (body: unknown) => Response.json(body)

/** A KasperoPay whose API answers this, and counts how often it was asked. */
function asked(answer: (url: string) => Response | Promise<Response>, settings: object = {}) {
  const seen = { count: 0, open: 0, most: 0 }
  const fetch = async (input: unknown) => {
    seen.count++
    seen.most = Math.max(seen.most, ++seen.open)
    try {
      return await answer(String(input))
    } finally {
      seen.open--
    }
  }
  return {
    seen,
    provider: kasperopay({
      merchantId,
      fetch: fetch as typeof globalThis.fetch,
      ...settings,
    }) as Provider<WebhookEvent>,
  }
}

const facts = { ...kasperFacts }

const spellings = [
  '',
  '.',
  '..',
  'pay_1#',
  'pay_1?x=1',
  'pay_1 ',
  ' pay_1',
  'pay_1/',
  './pay_1',
  'y/../pay_1',
  '..%2fpay_1',
  '%70ay_1',
  'pay%5f1',
  'pay_1%00',
  'pay_1\0',
  'pay_1\r\n',
  'ｐａｙ_1',
  'pay_1\u200b',
  'pay\u200d_1',
  'pay_1;x',
  'pay_1&x',
  'x'.repeat(129),
  7,
  null,
  true,
  ['pay_1'],
  { a: 'pay_1' },
]
const paths = [
  '../../admin',
  '\\..\\..',
  '@evil',
  '//evil',
  'evil:80',
  '[::1]',
  'http://evil/',
  'x\r\nhost: evil',
  '$(id)',
  '`id`',
  '{{7*7}}',
  "' or 1=1",
]

/** Refused, and the API is not even asked. */
const unasked = (name: string, payment_id: unknown): Try => {
  const { seen, provider } = asked(() => json({ ...facts, payment_id }))
  const attempt = directly(name, badId, () => kasperSent({ payment_id }), { provider })
  return {
    ...attempt,
    async play() {
      const verdict = await attempt.play()
      return seen.count === 0 ? verdict : { ...verdict, wrong: 'the API was asked' }
    },
  }
}

const otherWords = (): Try[] => [
  ...spellings.map((id) => unasked(`id ${JSON.stringify(id)?.slice(0, 16)}`, id)),
  directly('an answer about another payment', mismatch, () => kasperSent(), {
    provider: asked(() => json({ ...facts, payment_id: 'PAY_1' })).provider,
  }),
  directly('an answer about no payment', mismatch, () => kasperSent(), {
    provider: asked(() => json({ ...facts, payment_id: undefined })).provider,
  }),
  ...onHosts('pay_1#', badId, () => kasperSent({ payment_id: 'pay_1#' }), { provider: kasper() }),
]

type Answer = () => Response | Promise<Response>
const answers: readonly [string, Answer][] = [
  ['301', () => new Response('', { status: 301, headers: { location: 'https://evil.example/' } })],
  ['307', () => new Response('', { status: 307, headers: { location: 'http://169.254.169.254/' } })],
  ['200 in HTML', () => new Response(JSON.stringify(facts), { headers: { 'content-type': 'text/html' } })],
  ['201', () => Response.json(facts, { status: 201 })],
  ['500 that says completed', () => Response.json(facts, { status: 500 })],
  ['10 MB', () => new Response('x'.repeat(10_000_000), { headers: { 'content-type': 'application/json' } })],
  ['100 kB that say completed', () => json({ ...facts, padding: 'x'.repeat(100_000) })],
  ['no end', () => new Response(new ReadableStream(), { headers: { 'content-type': 'application/json' } })],
  ['no answer', () => new Promise(() => {})],
  ['no network', () => Promise.reject(new TypeError('fetch failed'))],
  ['COMPLETED', () => json({ ...facts, status: 'COMPLETED' })],
  ['a list', () => json([facts])],
  [
    'status twice',
    () =>
      new Response('{"status":"expired","status":"completed"}', { headers: { 'content-type': 'application/json' } }),
  ],
  [
    '__proto__',
    () => new Response('{"__proto__":{"status":"completed"}}', { headers: { 'content-type': 'application/json' } }),
  ],
]

/** Real servers: one that redirects, and the one it points to. */
const redirected: Try = {
  name: 'a redirect, over the network',
  expected: unavailable,
  async play() {
    let hits = 0
    const target = await serve((_, res) => res.end(JSON.stringify({ ...facts, hit: hits++ })))
    const api = await serve((_, res) => res.writeHead(302, { location: `${target.url}/` }).end())
    const provider = kasperopay({ merchantId, apiUrl: api.url }) as Provider<WebhookEvent>
    const verdict = await withStage(direct, 'in process', { provider }, (stage) => stage.send(kasperSent()))
    await Promise.all([target.close(), api.close()])
    return hits === 0 ? verdict : { ...verdict, wrong: 'the redirect was followed' }
  },
}

const urls = [
  'http://evil.example',
  'ftp://x',
  'file:///etc/passwd',
  'https://user:pw@kaspa-store.com',
  'https://x/?a=',
  'https://x/#a',
  'kaspa-store.com',
  '',
]

const astray = (): Try[] => [
  ...paths.map((path) => unasked(`id ${JSON.stringify(path)}`, path)),
  ...answers.map(([name, answer]) =>
    directly(name, unavailable, () => kasperSent(), { provider: asked(answer, { timeoutMs: 50 }).provider }),
  ),
  ...onHosts('500', unavailable, () => kasperSent(), {
    provider: asked(() => new Response('', { status: 500 })).provider,
  }),
  redirected,
  ...urls.map((apiUrl) => misbuilding(`apiUrl ${apiUrl}`, () => kasper({ apiUrl }))),
  ...['//evil/', '/../', '/x', 'x/', '/a?b/'].map((statusPath) =>
    misbuilding(`statusPath ${statusPath}`, () => kasper({ statusPath })),
  ),
]

/** Anybody may name payments; only so many questions may be open at once. */
const flood = (): Try[] => {
  const { seen, provider } = asked(async () => {
    await sleep(1)
    return new Response('{}', { status: 404 })
  })
  const all = Array.from({ length: 1000 }, (_, index) => index)
  let played: Promise<unknown> | undefined
  const tries = all.map((index) =>
    directly(
      `made-up id ${index}`,
      { status: [401, 503], code: ['payment_not_confirmed', 'confirmation_unavailable'] },
      () => kasperSent({ payment_id: `p${index}` }),
      { provider },
    ),
  )
  // At once, the first time one of them is asked for.
  const verdicts = tries.map(({ play }) => play)
  const together = () => (played ??= Promise.all(verdicts.map((play) => play())))
  return [
    ...tries.map(
      (attempt, index): Try => ({
        ...attempt,
        play: async () => ((await together()) as Awaited<ReturnType<Try['play']>>[])[index] ?? attempt.play(),
      }),
    ),
    checking('no more than 32 questions are open at once', () => (seen.most <= 32 ? undefined : `${seen.most} were`)),
    checking('the same unknown id is asked for once', async () => {
      const once = asked(() => new Response('{}', { status: 404 }))
      for (let i = 0; i < 20; i++)
        await withStage(direct, 'in process', { provider: once.provider }, (stage) => stage.send(kasperSent()))
      return once.seen.count <= 2 ? undefined : `it was asked for ${once.seen.count} times`
    }),
  ]
}
export const lookups: readonly Attack[] = [
  { row: '18', name: 'one payment under many names', tries: otherWords },
  { row: '19', name: 'leading the look-up astray, and its answer', tries: astray },
  { row: '20', name: 'a flood of made-up payments', tries: flood },
]
