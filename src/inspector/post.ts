import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { joinBytes } from '../core/bytes'
import { misconfigured } from '../errors'
import type { Kept } from './log'
import type { Pairs } from './shown'

/** A delivery as it goes over the wire. */
export interface Parcel {
  readonly headers: Pairs
  readonly body: Uint8Array
}

export type Answered = NonNullable<Kept['answer']>

/** Why there was no answer. */
export type PostProblem = 'refused' | 'unresolved' | 'timeout' | 'broken' | 'upgraded' | 'too_large'

export interface PostLimits {
  /** Default 30 s. */
  readonly timeoutMs?: number
  /** Of the answer, default 1 MiB. */
  readonly maxAnswerBytes?: number
}

/**
 * Posts the same bytes under the same headers, but those of the connection; redirects are answers, as they are to the
 * providers. Resolves with the answer, or with the reason why there is none.
 */
export function postExactly(
  url: URL,
  { headers, body }: Parcel,
  { timeoutMs = 30_000, maxAnswerBytes = 1024 * 1024 }: PostLimits = {},
): Promise<Answered | { readonly problem: PostProblem }> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve) => {
    const fail = (problem: PostProblem) => {
      clearTimeout(timer)
      resolve({ problem })
      outgoing.destroy()
    }
    const outgoing = send(url, { method: 'POST', agent: false, setHost: false }, (answer) => {
      const chunks: Buffer[] = []
      let length = 0
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > maxAnswerBytes) fail('too_large')
        else chunks.push(chunk)
      })
      answer.on('error', () => fail('broken'))
      answer.on('end', () => {
        clearTimeout(timer)
        const { statusCode: status = 0, rawHeaders } = answer
        resolve({ status, headers: endToEnd(pairs(rawHeaders)), body: joinBytes(chunks) })
      })
    })
    const timer = setTimeout(() => fail('timeout'), timeoutMs)
    outgoing.on('upgrade', (_, socket) => {
      socket.destroy()
      fail('upgraded')
    })
    outgoing.on('close', () => fail('broken'))
    outgoing.on('error', ({ code = '' }: NodeJS.ErrnoException) => fail(problems[code] ?? 'broken'))
    for (const [name, values] of grouped(endToEnd(headers))) outgoing.setHeader(name, values)
    outgoing.setHeader('host', url.host)
    outgoing.setHeader('content-length', body.length)
    outgoing.end(body)
  })
}

const problems: Readonly<Record<string, PostProblem>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unresolved',
  EAI_AGAIN: 'unresolved',
}

const advice: Readonly<Record<PostProblem, string>> = {
  refused: 'Nothing listens there. Is your app running, and on this port?',
  unresolved: 'There is no host by that name.',
  timeout: 'Your app did not answer in time. Does the handler wait for something?',
  broken: 'The connection ended before there was an answer. Look into the log of your app.',
  upgraded: 'Your app changed the protocol (101). Is that the right address?',
  too_large: 'Your app answered with more than 1 MiB. Is that the right address?',
}

/** What to do where there was no answer. */
export function adviceOnPost(result: object): string | undefined {
  return 'problem' in result ? advice[result.problem as PostProblem] : undefined
}

/** An address to post to: http or https, without credentials, which would be shown. */
export function parseTarget(setting: string, text: string | URL): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw misconfigured(setting, 'must be a URL of http or https.')
  if (url.username !== '' || url.password !== '')
    throw misconfigured(setting, 'must not hold a name or a password: it is shown.')
  url.hash = ''
  return url
}

const ofTheConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
])

/** The headers that are about the message, and not about one connection of its way. */
export function endToEnd(headers: Pairs): Pairs {
  const named = headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) =>
      value
        .toLowerCase()
        .split(',')
        .map((each) => each.trim()),
    )
  return headers.filter(([name]) => !ofTheConnection.has(name.toLowerCase()) && !named.includes(name.toLowerCase()))
}

/** Node's raw headers, name and value in turn. */
export function pairs(raw: readonly string[]): Pairs {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []))
}

function grouped(headers: Pairs): Map<string, string[]> {
  const byName = new Map<string, string[]>()
  for (const [name, value] of headers) byName.set(name, [...(byName.get(name) ?? []), value])
  return byName
}
