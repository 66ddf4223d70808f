import { type IncomingHttpHeaders, type IncomingMessage, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'

/** A POST request as a sender makes it. */
export interface Sent {
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array | string
}

/** What came back, redirects not followed: no sender follows them. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The beginning of it, as text. */
  readonly body: string
  readonly sentAtMs: number
  /** From the beginning of the connection to the end of the answer. */
  readonly tookMs: number
}

/** No answer: the system's or TLS's code, or `TIMED_OUT`. */
export interface Failure {
  readonly code: string
}

export interface ExchangeSettings {
  readonly timeoutMs: number
  /** Whether a certificate that is not trusted ends it. A genuine delivery goes to nobody else. */
  readonly trustedOnly: boolean
}

const maxAnswerBytes = 64 * 1024

/** One request on a connection of its own. Never rejects, never takes longer than `timeoutMs`. */
export function exchange(
  url: URL,
  { headers, body }: Sent,
  { timeoutMs, trustedOnly }: ExchangeSettings,
): Promise<Answer | Failure> {
  return new Promise((resolve) => {
    const sentAtMs = Date.now()
    const startMs = performance.now()
    const send = url.protocol === 'https:' ? overHttps : overHttp
    const outgoing = send(url, { method: 'POST', agent: false, rejectUnauthorized: trustedOnly })
    for (const [name, value] of headers) outgoing.setHeader(name, value)
    outgoing.setHeader('content-length', Buffer.byteLength(body))
    const timer = setTimeout(() => settle({ code: 'TIMED_OUT' }), timeoutMs)
    const settle = (result: Answer | Failure) => {
      clearTimeout(timer)
      outgoing.destroy()
      resolve(result)
    }
    outgoing.on('error', (error: NodeJS.ErrnoException) => settle({ code: codeOf(error) }))
    outgoing.on('response', async (response) => {
      const text = await beginningOf(response)
      const { statusCode: status = 0, headers } = response
      settle({ status, headers, body: text, sentAtMs, tookMs: performance.now() - startMs })
    })
    outgoing.end(body)
  })
}

export const isAnswer = (result: Answer | Failure): result is Answer => 'headers' in result

/** Several addresses that all failed have no code of their own. */
export function codeOf(error: unknown): string {
  const { code, errors } = error as { code?: unknown; errors?: readonly { code?: unknown }[] }
  return String(code ?? errors?.[0]?.code ?? 'FAILED')
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= maxAnswerBytes) break
    }
  } catch {
    // Cut off in the middle: what came is judged.
  }
  return Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8')
}
