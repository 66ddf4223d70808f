import { Agent, type IncomingMessage, request } from 'node:http'
import { request as requestTls, Agent as TlsAgent } from 'node:https'
import type { Delivery } from '../../testing/sign-delivery'
import { isPage } from '../doctor/answers'

/** What one request came to: an answer, or why there is none. */
export interface Came {
  readonly status?: number
  readonly body?: string
  /** It is a page for a browser. */
  readonly isPage?: boolean
  /** `timeout`, `cut` where that was wanted, or the system's code, as ECONNREFUSED. */
  readonly error?: string
  readonly durationMs: number
}

export interface Transport {
  send(delivery: Delivery, cut: boolean): Promise<Came>
  close(): void
}

/** Answers are read this far: nobody has to say more, and a stranger could. */
const maxAnswerBytes = 16 * 1024

/** Sends to one URL: redirects are not followed, as the providers do not, and every request has its time. */
export function createTransport(url: URL, settings: { sockets: number; timeoutMs: number }): Transport {
  const secure = url.protocol === 'https:'
  const options = { keepAlive: true, maxSockets: settings.sockets }
  const agent = secure ? new TlsAgent(options) : new Agent(options)
  const ask = secure ? requestTls : request
  return {
    close: () => agent.destroy(),
    send: ({ method, headers, body }, cut) =>
      new Promise((resolve) => {
        const startMs = performance.now()
        const settle = (came: Omit<Came, 'durationMs'>) => {
          clearTimeout(timer)
          resolve({ ...came, durationMs: performance.now() - startMs })
        }
        const bytes = new TextEncoder().encode(body)
        const outgoing = ask(url, { method, agent, headers: { ...headers, 'Content-Length': bytes.length } })
        const end = (error: string) => {
          settle({ error })
          outgoing.destroy()
        }
        const timer = setTimeout(() => end('timeout'), settings.timeoutMs)
        outgoing.on('error', (error: NodeJS.ErrnoException) => settle({ error: error.code ?? error.message }))
        outgoing.on('response', (answer) => read(answer).then(settle, () => settle({ error: 'answer broken off' })))
        // The whole body is out: what the receiver says to it is never read.
        outgoing.end(bytes, () => cut && end('cut'))
      }),
  }
}

async function read(answer: IncomingMessage): Promise<Required<Pick<Came, 'status' | 'body' | 'isPage'>>> {
  const status = answer.statusCode ?? 0
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of answer) {
    length += chunk.length
    if (length > maxAnswerBytes) break
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString()
  // Frameworks call any text HTML where nobody says otherwise: only tags make it a page.
  return { status, body, isPage: isPage({ headers: answer.headers, body }) && /<[a-z!]/i.test(body) }
}
