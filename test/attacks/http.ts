import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { Sent } from '../adapters/hosts'
import { genuine, sleep } from '../support/shop'
import type { Attack, Expectation, Try, Verdict } from './attack'
import { caspaySigner, inOnePiece, sentWith, signed, wrongSecret } from './senders'
import { everyHost, nodeHosts, onHosts, onSockets, taken, withStage } from './stage'

const tooLarge: Expectation = { status: 413, code: 'body_too_large' }
const encoded: Expectation = { status: 415, code: 'content_encoding' }
const mismatch: Expectation = { status: 401, code: 'signature_mismatch' }

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

const encodings = [
  'gzip',
  'x-gzip',
  'GZIP',
  'br',
  'deflate',
  'compress',
  'zstd',
  'identity, gzip',
  'gzip, identity',
  'aws-chunked',
  'x',
]
const encodedAs = (sent: Sent, encoding: string): Sent => ({
  ...sent,
  headers: [...sent.headers, ['content-encoding', encoding]],
})
const compressed: readonly [string, Buffer][] = [
  ['gzip', gzipSync(body)],
  ['br', brotliCompressSync(body)],
  ['deflate', deflateSync(body)],
]

const encodedTries = (): Try[] => [
  ...encodings.flatMap((encoding) =>
    onHosts(`says ${encoding}`, encoded, () => encodedAs(signed(caspaySigner), encoding)),
  ),
  ...compressed.flatMap(([encoding, bytes]) => [
    ...onHosts(`${encoding}, signed plain`, encoded, () =>
      encodedAs({ ...signed(caspaySigner), body: inOnePiece(bytes) }, encoding),
    ),
    ...onHosts(`${encoding}, signed as sent`, encoded, () => encodedAs(signed(caspaySigner, bytes), encoding)),
  ]),
  ...onHosts('50 MB in 50 kB', encoded, () => encodedAs(signed(caspaySigner, bomb()), 'gzip')),
  ...onHosts('identity', taken, () => encodedAs(signed(caspaySigner), 'identity'), {}, { control: true }),
]
let bombed: Buffer | undefined
function bomb(): Buffer {
  bombed ??= gzipSync(Buffer.alloc(50_000_000), { level: 1 })
  return bombed.subarray(0, 50_000)
}

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

const types = [
  ' application/json',
  'application/json\t',
  'application/json;',
  'APPLICATION/JSON',
  ';',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/json, text/html',
  '*/*',
  'x',
]
const typedAs = (type: string | undefined, sent: Sent): Sent => ({
  ...sent,
  headers: [
    ...sent.headers.filter(([name]) => name !== 'content-type'),
    ...(type === undefined ? [] : [['content-type', type] as const]),
  ],
})

const typedTries = (): Try[] =>
  [undefined, ...types].flatMap((type) => [
    ...onHosts(`forged as ${type}`, mismatch, () => typedAs(type, signed(caspaySigner, body, wrongSecret))),
    ...onHosts(`unsigned as ${type}`, { status: 401, code: 'signature_missing' }, () =>
      typedAs(type, sentWith(caspaySigner, undefined)),
    ),
    ...onHosts(`genuine as ${type}`, taken, () => typedAs(type, signed(caspaySigner)), {}, { control: true }),
  ])

export const http: readonly Attack[] = [
  { row: '28', name: 'bodies larger than allowed', tries: sized },
  { row: '29', name: 'encoded bodies', tries: encodedTries },
  { row: '30', name: 'slow bodies', tries: slowTries },
  { row: '33', name: 'any content type', tries: typedTries },
]
