import type { Attack, Expectation, Try } from './attack'
import { caspaySigner, wrongSecret } from './senders'
import { nodeHosts, onSockets, withStage } from './stage'

const { body, header } = caspaySigner
const right = caspaySigner.tag(body)
const forged = caspaySigner.tag(body, wrongSecret)
const signature = `${header}: ${right}\r\n`
const start = `POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${signature}`
const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

/** Each carries a genuine, signed body: what is wrong is how it is packed. */
const packed: readonly [string, string][] = [
  ['length and chunks', `${start}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n${chunk}`],
  ['chunks and length', `${start}transfer-encoding: chunked\r\ncontent-length: ${body.length}\r\n\r\n${chunk}`],
  ['two lengths', `${start}content-length: ${body.length}\r\ncontent-length: 4\r\n\r\n${body}`],
  ['a length of letters', `${start}content-length: abc\r\n\r\n${body}`],
  ['a length below zero', `${start}content-length: -1\r\n\r\n${body}`],
  ['a length with a plus', `${start}content-length: +${body.length}\r\n\r\n${body}`],
  ['a length in hex', `${start}content-length: 0x${body.length.toString(16)}\r\n\r\n${body}`],
  ['chunked, then something', `${start}transfer-encoding: chunked, identity\r\n\r\n${chunk}`],
  ['an encoding nobody knows', `${start}transfer-encoding: xchunked\r\n\r\n${chunk}`],
  ['a chunk size of letters', `${start}transfer-encoding: chunked\r\n\r\nxyz\r\n${body}\r\n0\r\n\r\n`],
  ['a chunk longer than it says', `${start}transfer-encoding: chunked\r\n\r\n1\r\n${body}\r\n0\r\n\r\n`],
  ['a space before the colon', `${start}content-length : ${body.length}\r\n\r\n${body}`],
  ['a folded header', `${start}content-length:\r\n ${body.length}\r\nx: y\r\n\tz\r\n\r\n${body}`],
  ['a bare line feed', `${start}content-length: ${body.length}\nx: y\r\n\r\n${body}`],
  ['a bare carriage return', `${start}x: a\rb\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
  ['NUL in a header', `${start}x: a\0b\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
  ['no such version', `POST /hook HTTP/9.9\r\nhost: x\r\n${signature}content-length: ${body.length}\r\n\r\n${body}`],
]

const smuggled = (): Try[] =>
  packed.flatMap(([name, request]) =>
    onSockets(name, { status: 400 }, [request], { bodyTimeoutMs: 100 }, { waitMs: 300 }),
  )

/** A second request in what is left of the first: the second is a request like any other, and has to prove itself. */
const pipelined = (): Try[] =>
  nodeHosts.map((host) => ({
    name: `a forged request behind a genuine body, ${host.name}`,
    expected: { status: 200, handlerRuns: 1, stored: 1, code: 'signature_mismatch' },
    control: true,
    play: () =>
      withStage(host, 'socket', {}, (stage) => {
        const one = (tag: string, close: string) =>
          `POST /hook HTTP/1.1\r\nhost: x\r\n${close}${header}: ${tag}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
        return stage.write([one(right, ''), one(forged, 'connection: close\r\n')], { pauseMs: 100, waitMs: 500 })
      }),
  }))

const many = (count: number, value = '') =>
  Array.from({ length: count }, (_, index) => `a${index % 10}:${value}\r\n`).join('')
const request = (before: string, tag: string, after: string) =>
  `POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n${before}${header}:${tag}\r\n${after}\r\n${body}`
/** Node drops what comes after 2,000 headers, and answers 431 to more than 16 kB of them. */
const dropped: Expectation = { status: [401, 431] }

const flooded = (): Try[] => [
  ...onSockets('2,500 headers before a signature', dropped, [request(many(2500), right, '')]),
  ...onSockets('2,500 headers before a forgery', dropped, [request(many(2500), forged, '')]),
  ...onSockets('2,500 headers behind a forgery', dropped, [request('', forged, many(2500))]),
  ...onSockets('1,500 headers about a forgery', dropped, [request(many(750), forged, many(750))]),
  ...onSockets('20 kB in one header', { status: 431 }, [request(`a: ${'x'.repeat(20_000)}\r\n`, right, '')]),
  ...onSockets('20 kB in the signature', { status: 431 }, [request('', right.repeat(320), '')]),
]

export const wire: readonly Attack[] = [
  { row: '31', name: 'requests that two servers read in two ways', tries: () => [...smuggled(), ...pipelined()] },
  { row: '32', name: 'very many headers', tries: flooded },
]
