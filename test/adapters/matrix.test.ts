import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { type Answer, parseAnswer, post, type Running, raw } from '../support/server'
import { createShop, forged, genuine, never, sleep, until } from '../support/shop'
import { type Host, hosts, type Mount, type Sent } from './hosts'

/** One deployment of one adapter, in process or on a real socket. */
interface Stage {
  readonly way: 'in process' | 'socket'
  readonly handler: ReturnType<typeof vi.fn>
  readonly reports: ReturnType<typeof createShop>['reports']
  send(path: string, sent: Sent): Promise<Answer>
  readonly port: number
}
type Options = Parameters<typeof createShop<undefined>>[0] & { before?: Mount['before']; handle?: () => unknown }
type Open = (options?: Options) => Promise<Stage>

interface Case {
  readonly name: string
  /** What every adapter answers: status, body, and the headers that matter. */
  readonly expected: string | Record<Stage['way'], string>
  /** Why an adapter has no such case. */
  readonly none?: (host: string, way: Stage['way']) => string | undefined
  play(open: Open): Promise<Answer | string>
}

const unauthorized = '401 {"error":"unauthorized"} application/json; charset=utf-8'
const noStream = (host: string) => (host.startsWith('lambda') ? 'gateway buffers' : undefined)
const refusal = (status: number, code: string, more = '') =>
  `${status} {"error":"${code}"} application/json; charset=utf-8${more}`
const bytes = (text: string) => new TextEncoder().encode(text)

async function* inChunks(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield bytes('x'.repeat(512))
}
async function* tooSlow(): AsyncGenerator<Uint8Array> {
  yield bytes('{')
  await sleep(400)
  yield bytes('}')
}
async function* brokenOff(): AsyncGenerator<Uint8Array> {
  yield bytes('{')
  await sleep(20)
  throw new Error('hung up')
}

const cases: readonly Case[] = [
  {
    name: 'genuine',
    expected: '200 OK text/plain; charset=utf-8',
    play: async (open) => (await open()).send('/hook', genuine()),
  },
  { name: 'forged', expected: unauthorized, play: async (open) => expectNoRun(await open(), forged()) },
  {
    name: 'duplicate',
    expected: '200 OK text/plain; charset=utf-8',
    async play(open) {
      const stage = await open()
      await stage.send('/hook', genuine())
      const again = await stage.send('/hook', genuine())
      expect(stage.handler).toHaveBeenCalledTimes(1)
      return again
    },
  },
  {
    name: 'in progress',
    expected: refusal(409, 'in_progress', ' retry-after: 20'),
    async play(open) {
      let finish = () => {}
      const stage = await open({ leaseSeconds: 20, handle: () => new Promise<void>((resolve) => (finish = resolve)) })
      const first = stage.send('/hook', genuine())
      await until(() => stage.handler.mock.calls.length === 1)
      const second = await stage.send('/hook', genuine())
      finish()
      expect((await first).status).toBe(200)
      return second
    },
  },
  {
    name: 'too large by length',
    expected: refusal(413, 'body_too_large'),
    play: async (open) => expectNoRun(await open({ maxBodyBytes: 1024 }), { ...genuine(), body: 'x'.repeat(300_000) }),
  },
  {
    name: 'too large by chunks',
    expected: refusal(413, 'body_too_large'),
    play: async (open) => expectNoRun(await open({ maxBodyBytes: 1024 }), { ...genuine(), body: inChunks(20) }),
  },
  {
    name: 'slow body',
    expected: refusal(408, 'body_timeout'),
    none: noStream,
    play: async (open) => expectNoRun(await open({ bodyTimeoutMs: 100 }), { ...genuine(), body: tooSlow() }),
  },
  {
    name: 'encoded body',
    expected: refusal(415, 'content_encoding'),
    play: async (open) => expectNoRun(await open(), withHeaders(['content-encoding', 'gzip'])),
  },
  {
    name: 'parsed body',
    expected: refusal(500, 'body_already_parsed'),
    play: async (open) => expectNoRun(await open({ before: 'parser' }), genuine()),
  },
  {
    name: 'consumed stream',
    expected: refusal(500, 'body_already_parsed'),
    none: noStream,
    play: async (open) => expectNoRun(await open({ before: 'consumer' }), genuine()),
  },
  {
    name: 'wrong method',
    expected: refusal(405, 'method_not_allowed', ' allow: POST'),
    play: async (open) => expectNoRun(await open(), { ...genuine(), method: 'PUT' }),
  },
  {
    name: 'no content type',
    expected: '200 OK text/plain; charset=utf-8',
    play: async (open) => (await open()).send('/hook', { ...genuine(), headers: genuine().headers.slice(0, 1) }),
  },
  {
    name: 'text/plain',
    expected: '200 OK text/plain; charset=utf-8',
    play: async (open) =>
      (await open()).send('/hook', {
        ...genuine(),
        headers: [...genuine().headers.slice(0, 1), ['content-type', 'text/plain']],
      }),
  },
  {
    name: 'signature header twice',
    expected: unauthorized,
    play: async (open) => expectNoRun(await open(), withHeaders(...genuine().headers.slice(0, 1))),
  },
  {
    // Node drops what comes after 2,000 headers, here the signature; in process nothing is dropped.
    name: '2,500 headers',
    expected: { 'in process': '200 OK text/plain; charset=utf-8', socket: unauthorized },
    async play(open) {
      const stage = await open()
      const { headers, body } = genuine()
      const many = Array.from({ length: 2500 }, (_, i): [string, string] => [`a${i % 10}`, ''])
      if (stage.way === 'in process') return stage.send('/hook', { ...genuine(), headers: [...many, ...headers] })
      const lines = [
        `POST /hook HTTP/1.1`,
        'host: x',
        'connection: close',
        `content-length: ${body.length}`,
        ...[...many, ...headers].map(([key, value]) => `${key}:${value}`),
      ]
      const answer = parseAnswer(await raw(stage.port, [`${lines.join('\r\n')}\r\n\r\n${body}`], { waitMs: 1500 }))
      expect(stage.handler).not.toHaveBeenCalled()
      return answer
    },
  },
  {
    name: 'client abort',
    expected: 'not run, 200',
    none: noStream,
    async play(open) {
      const stage = await open()
      if (stage.way === 'socket')
        await raw(stage.port, ['POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n', '{'], { waitMs: 30 })
      else await Promise.race([stage.send('/hook', { ...genuine(), body: brokenOff() }).catch(() => {}), sleep(200)])
      expect(stage.handler).not.toHaveBeenCalled()
      return `not run, ${(await stage.send('/hook', genuine())).status}`
    },
  },
  {
    name: 'refused, then the next',
    expected: '413, 200',
    none: (_, way) => (way === 'in process' ? 'no connection' : undefined),
    async play(open) {
      const stage = await open({ maxBodyBytes: 1024 })
      const { headers, body } = genuine()
      const large = 'POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 3000000\r\n\r\n'
      const lines = headers.map(([key, value]) => `${key}: ${value}`)
      const next = `POST /hook HTTP/1.1\r\nhost: x\r\n${lines.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
      const answers = await raw(stage.port, [large, 'x'.repeat(3_000_000), next], { waitMs: 1000 })
      const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
      return statuses.join(', ')
    },
  },
  {
    name: 'handler throws',
    expected: refusal(500, 'handler_failed'),
    async play(open) {
      const stage = await open({ handle: () => Promise.reject(new Error('postgres://user:password@db')) })
      const answer = await stage.send('/hook', genuine())
      expect(stage.handler).toHaveBeenCalledTimes(1)
      expect(stage.reports.at(-1)).toMatchObject({
        code: 'handler_failed',
        error: { message: 'postgres://user:password@db' },
      })
      return answer
    },
  },
  {
    name: 'handler slow',
    expected: refusal(503, 'handler_timeout', ' retry-after: 5'),
    play: async (open) => (await open({ answerWithinMs: 50, handle: never })).send('/hook', genuine()),
  },
  {
    name: 'verify only: genuine',
    expected: '200 {"verified":"payment.completed"} application/json; charset=utf-8',
    play: async (open) => (await open()).send('/verify', genuine()),
  },
  {
    name: 'verify only: forged',
    expected: unauthorized,
    play: async (open) => (await open()).send('/verify', forged()),
  },
]

function withHeaders(...more: [string, string][]): Sent {
  return { ...genuine(), headers: [...genuine().headers, ...more] }
}

async function expectNoRun(stage: Stage, sent: Sent): Promise<Answer> {
  const answer = await stage.send('/hook', sent)
  expect(stage.handler).not.toHaveBeenCalled()
  return answer
}

function describeAnswer(answer: Answer | string): string {
  if (typeof answer === 'string') return answer
  const { status, headers, body } = answer
  const more = ['retry-after', 'allow']
    .filter((name) => headers[name] !== undefined)
    .map((name) => ` ${name}: ${headers[name]}`)
  return `${status} ${body} ${headers['content-type']}${more.join('')}`
}

const running: Running[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

function opener(host: Host, way: Stage['way']): Open {
  return async ({ before, handle, ...options } = {}) => {
    const { receiver, reports } = createShop<undefined>(options)
    const handler = vi.fn(handle ?? (() => {}))
    const mount: Mount = { receiver, handler, before }
    if (way === 'in process') return { way, handler, reports, port: 0, send: await host.inject(mount) }
    const server = await host.listen(mount)
    running.push(server)
    return { way, handler, reports, port: server.port, send: (path, sent) => post(server.url + path, sent) }
  }
}

const table = new Map<string, string[]>()
const ways: readonly Stage['way'][] = ['in process', 'socket']

describe.each(hosts)('$name', (host) => {
  describe.each(ways)('%s', (way) => {
    it.each(cases)('$name', async ({ name, expected, none, play }) => {
      const column = `${host.name}, ${way}`
      const absent = none?.(host.name, way)
      const cell = absent ?? describeAnswer(await play(opener(host, way)))
      table.set(name, [
        ...(table.get(name) ?? []),
        `${column}\t${absent ?? (cell.length < 16 ? cell : cell.split(' ')[0])}`,
      ])
      if (absent === undefined) expect(cell).toBe(typeof expected === 'string' ? expected : expected[way])
    })
  })
})

afterAll(() => {
  const columns = hosts.flatMap((host) => ways.map((way) => `${host.name}, ${way}`))
  const rows = [...table].map(([name, cells]) => [
    name,
    ...columns.map((column) => cells.find((cell) => cell.startsWith(`${column}\t`))?.split('\t')[1] ?? ''),
  ])
  expect(rows.length).toBe(cases.length)
  expect(rows.flat().filter((cell) => cell === '')).toEqual([])
  const lines = rows.map(([name = '', ...cells]) => name.padEnd(24) + cells.map((cell) => cell.padEnd(16)).join(''))
  const heads = ['', ...hosts.map(({ name }) => name.padEnd(32))].join('')
  const under = columns.map((column) => (column.split(', ')[1] ?? '').padEnd(16)).join('')
  process.stdout.write(`\n${' '.repeat(24)}${heads}\n${' '.repeat(24)}${under}\n${lines.join('\n')}\n`)
})
