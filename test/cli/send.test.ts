import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import express from 'express'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expressWebhook } from '../../adapters/express'
import {
  caspay,
  createReceiver,
  type IdempotencyStore,
  kasperopay,
  memoryStore,
  mugglepay,
  type Provider,
  payqi,
  payvost,
  type WebhookEvent,
} from '../../src'
import { redisStore } from '../../src/stores/redis'
import { createRecorder, type Recorder } from '../../src/testing'
import { providerNames } from '../support/deliveries'
import { type Running, serve } from '../support/server'
import { services } from '../support/services'
import { sleep } from '../support/shop'
import { buildCommandLine, type CommandLine, type RunOptions, unsafe } from './command-line'

let cli: CommandLine
beforeAll(async () => {
  cli = await buildCommandLine()
})
afterAll(() => cli.close())
const running: Running[] = []
afterEach(async () => {
  for (const each of running.splice(0)) await each.close()
})

const secret = 'whsec_never-to-be-seen-0123456789'
const token = 'token-never-to-be-seen-0123456789'
const old = 'whsec_old-never-to-be-seen-0123456'

interface Summary {
  sent: number
  planned: number
  events: { sent: number; acknowledged: number }
  answers: { kind: string; answer: string; count: number }[]
  problems: { kind: string; answer: string; sentence: string; count: number }[]
  notes: string[]
}

async function listening(listener: RequestListener): Promise<string> {
  const server = await serve(listener)
  running.push(server)
  return `${server.url}/webhooks`
}

function shopOf(
  provider: Provider<WebhookEvent>,
  handler: (event: WebhookEvent) => unknown = () => {},
  store: IdempotencyStore = memoryStore(),
): { recorder: Recorder; app: RequestListener } {
  const recorder = createRecorder()
  const receiver = createReceiver({ provider, store, observe: recorder.observe })
  return { recorder, app: express().post('/webhooks', expressWebhook(receiver, handler)) }
}

async function sent(
  args: readonly string[],
  env: NodeJS.ProcessEnv = { PAYPROOF_SECRET: secret },
  options: RunOptions = {},
) {
  const ran = await cli.run(['send', ...args, '--json'], { env, ...options })
  expect(ran.all).not.toContain('never-to-be-seen')
  expect(ran.all).not.toMatch(unsafe)
  if (ran.code === 2) throw new Error(ran.stderr)
  const summary = JSON.parse(ran.stdout) as Summary
  const answers = Object.fromEntries(summary.answers.map(({ kind, answer, count }) => [`${kind} ${answer}`, count]))
  return { ...ran, summary, answers, problems: summary.problems.map(({ sentence }) => sentence) }
}

const providers: [string, Provider<WebhookEvent>, NodeJS.ProcessEnv][] = [
  ['caspay', caspay({ secret }), { CASPAY_WEBHOOK_SECRET: secret }],
  ['payqi', payqi({ secret }), { PAYQI_WEBHOOK_SECRET: secret }],
  ['payvost', payvost({ secret }), { PAYVOST_WEBHOOK_SECRET: secret }],
  ['mugglepay', mugglepay({ orderTokenSecret: token }), { MUGGLEPAY_ORDER_TOKEN_SECRET: token }],
]

describe('payproof send', () => {
  it.each(providerNames)('lists what %s sends', async (name) => {
    const { stdout, code } = await cli.run(['send', name, '--list', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ provider: name, forms: expect.any(Object) })
    const text = await cli.run(['send', name, '--list'])
    for (const events of Object.values(JSON.parse(stdout).forms) as string[][])
      for (const event of events) expect(text.stdout).toContain(`\n    ${event}\n`)
  })

  it.each(providers)(
    'sends everything %s sends, once each, and attacks that are refused',
    async (name, provider, env) => {
      const { recorder, app } = shopOf(provider)
      const url = await listening(app)
      const form = { caspay: 'dispatched', payvost: 'second' }[name] ?? 'documented'
      const all = await sent([name, '--to', url, '--all', '--form', form, '--forge', '--duplicates', '1'], env)
      expect(all.problems).toEqual([])
      expect(all.code).toBe(0)
      const { events } = all.summary
      expect(events.acknowledged).toBe(events.sent)
      expect(all.answers).toEqual({
        'genuine 200': events.sent,
        'duplicate 200': events.sent,
        'forged 401': events.sent,
      })
      const processed = recorder.outcomes.filter(({ outcome }) => outcome === 'processed')
      expect(processed.length).toBe(events.sent)
      expect(processed.filter(({ eventType }) => eventType === 'unknown')).toEqual([])
    },
  )

  it.each([
    ['caspay', caspay({ secret }), 25, 'test.webhook (testButton)'],
    ['payqi', payqi({ secret }), 5, 'payment.completed (testCall)'],
    ['payvost', payvost({ secret }), 32, undefined],
  ] as const)(
    '--all sends %s in every form, and takes what nothing can verify for refused',
    async (name, provider, genuine, unverifiable) => {
      const pairs = new Set<string>()
      const { app } = shopOf(provider, ({ type, form }) => pairs.add(`${type} ${form}`))
      const ran = await sent([name, '--to', await listening(app), '--all'])
      const refused = unverifiable === undefined ? {} : { 'unverifiable 401': 1 }
      expect([ran.code, ran.problems, ran.answers]).toEqual([0, [], { 'genuine 200': genuine, ...refused }])
      expect(ran.summary.events).toEqual({ sent: genuine, acknowledged: genuine })
      expect(pairs.size).toBe(genuine)
      expect(ran.summary.notes.join()).toContain(unverifiable ?? '')
      expect(ran.summary.notes.length).toBe(unverifiable === undefined ? 0 : 1)
    },
  )

  it('expects that a test button is refused, and says of who takes it that the door is open', async () => {
    const button = ['caspay', 'test.webhook', '--duplicates', '1', '--forge', '--to']
    const { app } = shopOf(caspay({ secret }))
    const shut = await sent([...button, await listening(app)])
    expect([shut.code, shut.answers]).toEqual([0, { 'unverifiable 401': 2 }])
    expect(shut.summary.notes).toEqual([expect.stringMatching(/`test_signature` for a signature.*refused is right/)])
    const open = await sent([
      ...button,
      await listening((request, response) => request.resume().on('end', () => response.end('OK')) as never),
    ])
    expect([open.code, open.summary.notes, open.problems]).toEqual([
      1,
      [],
      ['a delivery that nothing can verify was answered 200: it should be 401; is the receiver verifying?'],
    ])
  })

  it.each(services.redis === undefined ? ['memory'] : ['memory', 'Redis'])(
    'sends 200 events 11 times at once to a shop with its keys in %s: 200 processed, the rest duplicate or in progress',
    async (where) => {
      const client = where === 'Redis' ? new Redis(services.redis ?? '') : undefined
      const prefix = `payproof_send_${randomUUID().slice(0, 8)}:`
      const store = client === undefined ? memoryStore() : redisStore(client, { prefix, warn: () => {} })
      const { recorder, app } = shopOf(caspay({ secret }), () => sleep(5), store)
      const url = await listening(app)
      const ran = await sent([
        'caspay',
        '--to',
        url,
        '--count',
        '200',
        '--duplicates',
        '10',
        '--concurrent',
        '--reorder',
      ])
      expect([ran.code, ran.problems]).toEqual([0, []])
      expect(ran.summary.events).toEqual({ sent: 200, acknowledged: 200 })
      const outcomes = recorder.outcomes.map(({ outcome }) => outcome)
      expect(outcomes.length).toBe(2200)
      expect(outcomes.filter((outcome) => outcome === 'processed').length).toBe(200)
      expect(outcomes.filter((outcome) => !['processed', 'duplicate', 'in_progress'].includes(outcome))).toEqual([])
      expect(Object.keys(ran.answers).filter((answer) => !/ (200|409)$/.test(answer))).toEqual([])
      const keys = (await client?.keys(`${prefix}*`)) ?? []
      expect(keys.length).toBeGreaterThanOrEqual(client === undefined ? 0 : 200)
      await client?.del(...keys)
      await client?.quit()
    },
  )

  it('is right about a clock that is off', async () => {
    const url = await listening(shopOf(payqi({ secret })).app)
    for (const [skew, answer] of [
      ['400', '401'],
      ['-400', '401'],
      ['200', '200'],
    ] as const) {
      const { answers, problems } = await sent(['payqi', '--to', url, '--skew', skew])
      expect([skew, problems, answers]).toEqual([skew, [], { 'genuine 200': 1, [`skewed ${answer}`]: 1 }])
    }
  })

  it('tampers with bodies', async () => {
    const { recorder, app } = shopOf(payvost({ secret }))
    const { answers } = await sent(['payvost', '--to', await listening(app), '--tamper', '--count', '3'])
    expect(answers).toEqual({ 'genuine 200': 3, 'tampered 401': 3 })
    expect(recorder.outcomes.filter(({ code }) => code === 'signature_mismatch').length).toBe(3)
  })

  it('rotates: signs with each secret in turn', async () => {
    const { recorder, app } = shopOf(caspay({ secret: [secret, old] }))
    const url = await listening(app)
    const file = cli.file('both', `${secret}\n${old}\n`)
    expect((await sent(['caspay', '--to', url, '--count', '4', '--rotate', '--secret-file', file])).code).toBe(0)
    expect(recorder.outcomes.map(({ secretId }) => secretId)).toEqual(['secret-1', 'secret-2', 'secret-1', 'secret-2'])
    const forgot = await listening(shopOf(caspay({ secret })).app)
    const refused = await sent(['caspay', '--to', forgot, '--count', '4', '--rotate', '--secret-file', file])
    expect(refused.answers).toEqual({ 'genuine 200': 2, 'genuine 401': 2 })
    expect(refused.problems).toEqual([
      expect.stringMatching(/401 \(unauthorized\): is the receiver configured with the same secret/),
    ])
  })

  it("says which variable gave the secret that was refused: the provider's own before PAYPROOF_SECRET", async () => {
    const url = await listening(shopOf(caspay({ secret })).app)
    const right = { CASPAY_WEBHOOK_SECRET: secret, PAYPROOF_SECRET: old }
    expect((await sent(['caspay', '--to', url], right)).code).toBe(0)
    const wrong = { CASPAY_WEBHOOK_SECRET: old, PAYPROOF_SECRET: secret }
    const { code, problems } = await sent(['caspay', '--to', url], wrong)
    expect([code, problems]).toEqual([
      1,
      [expect.stringMatching(/the same secret \(here it is from CASPAY_WEBHOOK_SECRET\)\?/)],
    ])
  })

  it('cuts the first attempt off, and tries again', async () => {
    const { recorder, app } = shopOf(caspay({ secret }), () => sleep(20))
    const ran = await sent([
      'caspay',
      '--to',
      await listening(app),
      '--fail-first',
      '--duplicates',
      '1',
      '--count',
      '3',
    ])
    expect(ran.answers['genuine cut']).toBe(3)
    expect(ran.problems.filter((sentence) => !/409/.test(sentence))).toEqual([])
    await sleep(100)
    expect(recorder.outcomes.filter(({ outcome }) => outcome === 'processed').length).toBe(3)
  })

  it("changes the sample, and sends payloads and ids of the user's own", async () => {
    const events: WebhookEvent[] = []
    const receiver = createReceiver({ provider: payqi({ secret }), store: memoryStore(), observe: () => {} })
    const url = await listening(
      express().post(
        '/webhooks',
        expressWebhook(receiver, (event) => void events.push(event)),
      ),
    )
    await sent(['payqi', 'payment.expired', '--to', url, '--id', 'evt_42', '--data', '{"metadata":{"order_id":"o_7"}}'])
    const payload = { id: 'evt_own', type: 'payment.teleported', created: Math.floor(Date.now() / 1000), data: 1 }
    await sent(
      ['payqi', '--to', url, '--payload', '-'],
      { PAYPROOF_SECRET: secret },
      { input: JSON.stringify(payload) },
    )
    expect(events).toMatchObject([
      { id: 'evt_42', type: 'payment.expired', payment: { orderId: 'o_7' } },
      { id: 'evt_own', type: 'unknown', wireType: 'payment.teleported' },
    ])
  })
})

describe('its stand-in for an API', () => {
  /** A shop whose API's address is known once the stand-in says it. */
  function lateShop(make: (apiUrl: string) => Provider<WebhookEvent>) {
    let app: RequestListener | undefined
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      app ??= shopOf(make(/'(http[^']*)'/.exec(said)?.[1] ?? '')).app
      app(request, response)
    }
    let said = ''
    const options: RunOptions = { onStderr: (text) => (said += text) }
    return { listener, options }
  }

  it('confirms KasperoPay, and no forgery; what no receiver can tell is said', async () => {
    const { listener, options } = lateShop((apiUrl) => kasperopay({ merchantId: 'kpm_abc123', apiUrl }))
    const args = ['kasperopay', '--to', await listening(listener), '--api-port', '0', '--set', 'merchantId=kpm_abc123']
    const ran = await sent([...args, '--forge', '--tamper', '--skew', '400'], {}, options)
    expect(ran.stderr).toMatch(/Start the receiver with kasperopay\(\{ apiUrl: '.*KASPEROPAY_API_URL=http/)
    expect(ran.answers).toEqual({ 'genuine 200': 1, 'forged 401': 1, 'tampered 200': 1, 'skewed 401': 1 })
    expect([ran.code, ran.summary.notes]).toEqual([0, [expect.stringMatching(/KasperoPay does not sign its bodies/)]])
  })

  it('confirms MugglePay where there is an API key', async () => {
    const apiKey = 'key-never-to-be-seen-0123456789'
    const { listener, options } = lateShop((apiUrl) => mugglepay({ token, apiKey, apiUrl }))
    const env = { MUGGLEPAY_TOKEN: token, MUGGLEPAY_API_KEY: apiKey }
    const ran = await sent(
      ['mugglepay', '--to', await listening(listener), '--api-port', '0', '--forge', '--tamper'],
      env,
      options,
    )
    expect(ran.answers).toEqual({ 'genuine 200': 1, 'forged 401': 1, 'tampered 401': 1 })
  })

  it('says what to set where the receiver did not ask it', async () => {
    const { app } = shopOf(kasperopay({ merchantId: 'kpm_abc123', apiUrl: 'http://127.0.0.1:1' }))
    const ran = await sent(['kasperopay', '--to', await listening(app), '--api-port', '0'], {
      KASPEROPAY_MERCHANT_ID: 'kpm_abc123',
    })
    expect(ran.code).toBe(1)
    expect(ran.problems[0]).toMatch(/did not ask the stand-in for KasperoPay's API\. Start the receiver with/)
  })
})

describe('what send says of answers', () => {
  const answering = (status: number, body = '', headers = {}) =>
    listening((request, response) => {
      request.resume().on('end', () => response.writeHead(status, headers).end(body))
    })

  it.each([
    [404, '', /there is no route at this path/],
    [405, '', /the route takes no POST/],
    [403, '', /a login, a CSRF check/],
    [302, '', /a redirect, which providers do not follow/],
    [413, '', /a limit on bodies/],
    [500, '{"error":"body_already_parsed"}', /mount the webhook above the body parser/],
    [500, '{"error":"handler_failed"}', /\(handler_failed\): the handler threw/],
    [500, 'Error: at /srv', /^a genuine delivery was answered 500: it failed\./],
    [503, '', /does not answer/],
    [409, '', /no copy of it was acknowledged/],
    [418, '', /the provider counts that as a failure/],
  ])('answer %i %s', async (status, body, sentence) => {
    const { problems, code } = await sent(['caspay', '--to', await answering(status, body)])
    expect([code, problems]).toEqual([1, [expect.stringMatching(sentence)]])
  })

  it('an open door is told apart from a locked one', async () => {
    const { code, problems, summary } = await sent([
      'caspay',
      '--to',
      await answering(200, 'OK'),
      '--forge',
      '--tamper',
      '--skew',
      '400',
      '--count',
      '2',
    ])
    expect(code).toBe(1)
    expect(problems).toEqual([
      'a forgery was answered 200: it should be 401; is the receiver verifying?',
      expect.stringMatching(/^a tampered delivery was answered 200: it should be 401/),
      expect.stringMatching(/^a delivery from a clock that is off was answered 200: it should be 401/),
    ])
    expect(summary.problems.map(({ count }) => count)).toEqual([2, 2, 2])
  })

  it('an attack that breaks the receiver is not refused', async () => {
    const { problems } = await sent(['caspay', '--to', await answering(500), '--forge'])
    expect(problems[1]).toBe('a forgery was answered 500: it should be 401, whatever else is wrong.')
  })

  it.each<[string, RequestListener, RegExp]>([
    ['hangs', () => {}, /not within 1 s/],
    ['breaks off', (request) => void request.socket.destroy(), /the connection failed \((ECONNRESET|socket hang up)/],
    ['says half', (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('x'), /not within 1 s/],
  ])(
    'a receiver that %s',
    async (_, listener, sentence) => {
      const { problems, code } = await sent(['caspay', '--to', await listening(listener), '--timeout', '1'])
      expect([code, problems]).toEqual([1, [expect.stringMatching(sentence)]])
    },
    15_000,
  )

  it('a port where nothing listens', async () => {
    const { problems } = await sent(['caspay', '--to', 'http://127.0.0.1:1/'])
    expect(problems).toEqual([expect.stringMatching(/nothing listens there/)])
  })

  it.each([
    ['script tags', '<script>alert(1)</script>'],
    ['ANSI escapes, NUL and direction marks', '{"error":"\u001b[2J\u0000\u202e"}'],
    ['10 MB', 'x'.repeat(10_000_000)],
  ])('hostile answers break nothing: %s', async (_, body) => {
    const url = await answering(500, body)
    const { problems } = await sent(['caspay', '--to', url])
    expect(problems).toEqual([expect.stringMatching(/^a genuine delivery was answered 500: it failed/)])
    const text = await cli.run(['send', 'caspay', '--to', url], { env: { PAYPROOF_SECRET: secret } })
    expect(text.all).not.toMatch(unsafe)
    expect(text.stdout.length).toBeLessThan(600)
  })

  it('hostile data is sent as it is', async () => {
    const bodies: string[] = []
    const url = await listening((request, response) => {
      request
        .setEncoding('utf8')
        .on('data', (chunk) => bodies.push(chunk))
        .on('end', () => response.end())
    })
    const data = { note: '<script>\u0000\u001b[2J\u202e</script>' }
    expect((await sent(['caspay', '--to', url, '--payload', cli.file('p', JSON.stringify(data))])).code).toBe(0)
    expect(JSON.parse(bodies.join(''))).toEqual(data)
  })

  it.each([
    ['mugglepay', { MUGGLEPAY_TOKEN: token }, '{"status":200}'],
    ['payvost', { PAYVOST_WEBHOOK_SECRET: secret }, '{"received":true}'],
  ])('an answer without the words that %s wants to read', async (name, env, words) => {
    const of = async (body: string) => sent([name, '--to', await answering(200, body)], env)
    const without = await of('OK')
    expect([without.code, without.summary.notes]).toEqual([1, []])
    expect(without.problems).toEqual([
      expect.stringMatching(/^a genuine delivery was answered 200, without what (MugglePay|Payvost) wants to read: /),
    ])
    expect(without.problems[0]?.endsWith(`: ${words}`)).toBe(true)
    expect(without.summary.events).toEqual({ sent: 1, acknowledged: 0 })
    const spaced = await of(words.replace(':', ' : '))
    expect([spaced.code, spaced.problems]).toEqual([0, []])
  })

  it.each([
    ['<!doctype html><title>Shop</title>', { 'content-type': 'text/html; charset=utf-8' }, true],
    ['<p>Welcome</p>', { 'content-type': 'text/html' }, true],
    ['<html><body>Sign in</body></html>', {}, true],
    ['OK', { 'content-type': 'text/html; charset=utf-8' }, false],
    ['', { 'content-type': 'text/html' }, false],
  ])('a page is no webhook: %s', async (body, headers, isPage) => {
    const url = await answering(200, body, headers)
    const { code, problems } = await sent(['caspay', '--to', url])
    expect([code, problems]).toEqual(
      isPage ? [1, [expect.stringMatching(/^a genuine delivery was answered 200 with a page for a browser/)]] : [0, []],
    )
    const { stdout } = await cli.run(['send', 'caspay', '--to', url], { env: { PAYPROOF_SECRET: secret } })
    expect(stdout.includes('✓')).toBe(!isPage)
    expect(stdout.includes('1 of 1 event acknowledged')).toBe(!isPage)
  })

  it('never says that all is right under a warning', async () => {
    const { app } = shopOf(caspay({ secret }))
    const env = { PAYPROOF_SECRET: secret }
    const { stdout } = await cli.run(['send', 'caspay', 'test.webhook', '--to', await listening(app)], { env })
    expect(stdout).toMatch(/\n· CasPay sends test\.webhook .*\n✓ every answer is right\n$/)
    expect(stdout).not.toContain('!')
  })

  it('an answer that comes too late for the provider', async () => {
    const late = await listening(
      (request, response) => request.resume().on('end', () => setTimeout(() => response.end(), 10_100)) as never,
    )
    const { problems, code } = await sent(['caspay', '--to', late])
    expect([code, problems]).toEqual([1, ['a genuine delivery was answered after 10 s: CasPay gives up after 10 s.']])
  })

  it('stops when its time is over, and says what was not sent', async () => {
    const { summary, code } = await sent([
      'caspay',
      '--to',
      await listening(() => {}),
      '--count',
      '5',
      '--timeout',
      '1',
      '--max-seconds',
      '1',
    ])
    expect(code).toBe(1)
    expect(summary.sent).toBeLessThan(5)
    expect(summary.planned).toBe(5)
    expect(summary.problems.filter(({ answer }) => answer !== 'timeout')).toEqual([])
  })

  it('for people: a summary, and what is wrong', async () => {
    const url = await answering(200, 'OK')
    const { stdout, stderr, code } = await cli.run(['send', 'caspay', '--to', url, '--forge'], {
      env: { PAYPROOF_SECRET: secret },
    })
    expect([code, stderr]).toEqual([1, ''])
    expect(stdout).toMatch(
      /^2 deliveries in \d+\.\d s, 1 of 1 event acknowledged\n {2}genuine {2}200 +1 ×\n {2}forged {3}200 +1 ×\n/,
    )
    expect(stdout).toMatch(/\n✗ a forgery was answered 200: it should be 401; is the receiver verifying\?\n$/)
  })
})

describe('the process', () => {
  it('shows no secret in the process list, and ends on SIGINT with a summary', async () => {
    let started = 0
    const url = await listening(() => {})
    const file = cli.file('secret', secret)
    const ending = cli.run(
      ['send', 'caspay', '--to', url, '--secret-file', file, '--timeout', '60', '--count', '100', '--json'],
      {
        onStart: (pid) => {
          started = pid
        },
      },
    )
    await sleep(1500)
    const commandLine = readFileSync(`/proc/${started}/cmdline`, 'utf8')
    expect(commandLine).toContain('caspay')
    expect(commandLine).not.toContain('never-to-be-seen')
    process.kill(started, 'SIGINT')
    const { code, stdout } = await ending
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ planned: 100, sent: 0, problems: [] })
  })

  it('draws a progress bar on a terminal, and nowhere else', async () => {
    const url = await listening(
      (request, response) => request.resume().on('end', () => setTimeout(() => response.end(), 20)) as never,
    )
    const args = ['send', 'caspay', '--to', url, '--count', '40']
    expect((await cli.run(args, { env: { PAYPROOF_SECRET: secret } })).all).not.toContain('█')
    const { stdout } = await cli.run(args, { env: { PAYPROOF_SECRET: secret }, terminal: true })
    expect(stdout).toMatch(/█.*░ \d+\/40/)
    expect(stdout).toContain('40 deliveries in ')
  })
})
