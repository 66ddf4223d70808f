import type { Sent } from '../adapters/hosts'
import { genuine, sleep } from '../support/shop'
import type { Attack, Expectation, Try, Verdict } from './attack'
import { caspaySigner, signed } from './senders'
import { everyHost, nodeHosts, onHosts, onSockets, taken, withStage } from './stage'

const tooLarge: Expectation = { status: 413, code: 'body_too_large' }

const { body } = caspaySigner
const adapters = everyHost.slice(1)

async function* pieces(
  count: number,
  size: number,
  taken: { pieces: number } = { pieces: 0 },
): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(size).fill(0x78)
  for (; taken.pieces < count; taken.pieces++) yield piece
}
const streamed = (count: number, size: number): Sent => ({ ...genuine(), body: pieces(count, size) })
const padded = (length: number) => signed(caspaySigner, body.padEnd(length))
const limit = { maxBodyBytes: body.length }

/** A stream without an end: what counts is how much of it is taken. */
const endless: Try = {
  name: 'a stream of 10 GB, fetch',
  expected: tooLarge,
  async play() {
    const asked = { pieces: 0 }
    const host = adapters.find(({ name }) => name === 'fetch') ?? everyHost[0]
    if (host === undefined) throw new Error('there is no fetch')
    const sent = { ...genuine(), body: pieces(10_000_000, 1024, asked) }
    const verdict = await withStage(host, 'in process', { maxBodyBytes: 4096 }, (stage) => stage.send(sent))
    return asked.pieces < 64 ? verdict : { ...verdict, wrong: `took ${asked.pieces} pieces` }
  },
}

const sized = (): Try[] => [
  ...onHosts('a byte over, by length', tooLarge, () => padded(body.length + 1), limit),
  ...onHosts('exactly the limit', taken, () => padded(body.length), limit, { control: true }),
  ...onHosts('a byte over, over a socket', tooLarge, () => padded(body.length + 1), limit, {
    hosts: adapters,
    way: 'socket',
  }),
  ...onHosts('over by pieces', tooLarge, () => streamed(20, 512), { maxBodyBytes: 1024 }),
  ...onHosts(
    'over by pieces, over a socket',
    tooLarge,
    () => streamed(20, 512),
    { maxBodyBytes: 1024 },
    { hosts: adapters, way: 'socket' },
  ),
  ...onHosts(
    '4 MB by pieces, over a socket',
    tooLarge,
    () => streamed(64, 65_536),
    {},
    { hosts: nodeHosts, way: 'socket' },
  ),
  ...onSockets(
    'a length of 20 digits',
    { status: [400, 413] },
    ['POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 99999999999999999999\r\n\r\n{}'],
    {},
    { waitMs: 100 },
  ),
  ...onSockets(
    'a length beyond the limit, and nothing sent',
    tooLarge,
    ['POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 999999999\r\n\r\n'],
    {},
    { waitMs: 100 },
  ),
  endless,
]

const slow = (host: (typeof nodeHosts)[number], sockets: number): Try => ({
  name: `${sockets} that give a byte now and then, ${host.name}`,
  expected: { status: 408, code: 'body_timeout' },
  play: () =>
    withStage(host, 'socket', { bodyTimeoutMs: 150 }, async (stage) => {
      const head = `POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`
      const verdicts = await Promise.all(
        Array.from({ length: sockets }, () => stage.write([head, '{', '"', 'i'], { pauseMs: 40, waitMs: 1000 })),
      )
      return verdicts.find(({ status }) => status !== 408) ?? verdicts[0] ?? silent
    }),
})
const silent: Verdict = { status: 0, code: '', handlerRuns: 0, stored: 0 }

/** A genuine delivery while the slow ones hang about. */
const beside = (host: (typeof nodeHosts)[number]): Try => ({
  name: `a genuine one beside 50 slow ones, ${host.name}`,
  expected: taken,
  control: true,
  play: () =>
    withStage(host, 'socket', { bodyTimeoutMs: 5000 }, async (stage) => {
      const head = 'POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\r\n{'
      // They end when the stage is closed.
      for (let i = 0; i < 50; i++) void stage.write([head], { waitMs: 5000 })
      await sleep(50)
      const started = performance.now()
      const verdict = await stage.send(genuine())
      const took = performance.now() - started
      return took < 1000 ? verdict : { ...verdict, wrong: `it took ${Math.round(took)} ms` }
    }),
})
const slowTries = (): Try[] => nodeHosts.flatMap((host) => [slow(host, 20), beside(host)])

export const http: readonly Attack[] = [
  { row: '28', name: 'bodies larger than allowed', tries: sized },
  { row: '30', name: 'slow bodies', tries: slowTries },
]
