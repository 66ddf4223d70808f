import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { Sent } from '../adapters/hosts'
import type { Attack, Expectation, Try } from './attack'
import { caspaySigner, inOnePiece, sentWith, signed, wrongSecret } from './senders'
import { onHosts, taken } from './stage'

const encoded: Expectation = { status: 415, code: 'content_encoding' }
const mismatch: Expectation = { status: 401, code: 'signature_mismatch' }

const { body } = caspaySigner

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

export const headers: readonly Attack[] = [
  { row: '29', name: 'encoded bodies', tries: encodedTries },
  { row: '33', name: 'any content type', tries: typedTries },
]
