import { request } from 'node:http'
import { onTestFinished } from 'vitest'
import { caspay, type Provider } from '../../src'
import { type ListenSettings, startListening } from '../../src/inspector/listen'
import type { Detail, News, Summary } from '../../src/inspector/shown'
import type { Answer } from '../support/server'
import { secret } from '../support/shop'

/** `payproof listen` in this process. */
export async function listening(settings: Partial<ListenSettings> & { provider?: Provider } = {}) {
  const settled: Summary[] = []
  const started = await startListening({
    provider: caspay({ secret }),
    port: 0,
    observe: () => {},
    onDelivery: (delivery) => settled.push(delivery),
    sendCommand: (to) => `payproof send caspay --to ${to}`,
    startCommand: 'payproof listen',
    ...settings,
  })
  onTestFinished(started.close)
  const detail = async (number: number) => JSON.parse((await ask(`${started.page}deliveries/${number}`)).body) as Detail
  const change = (path: string, value: unknown, headers: Record<string, string> = {}) =>
    ask(`${started.page}${path}`, {
      method: 'POST',
      headers: { origin: new URL(started.page).origin, ...headers },
      body: JSON.stringify(value),
    })
  return { ...started, settled, detail, change }
}

/** One request with exactly these headers, a `Host` too. */
export function ask(
  url: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, agent: false, headers: { host: new URL(url).host, ...headers } },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const { statusCode: status = 0, headers } = answer
          resolve({ status, headers, body: Buffer.concat(chunks).toString() })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** The stream of news, message by message. */
export async function* follow(page: string, signal: AbortSignal): AsyncGenerator<News> {
  const answer = await fetch(`${page}news`, { signal })
  let text = ''
  for await (const chunk of answer.body ?? []) {
    text += new TextDecoder().decode(chunk)
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const [, data] = /^data: (.*)$/m.exec(text.slice(0, end)) ?? []
      text = text.slice(end + 2)
      if (data !== undefined) yield JSON.parse(data) as News
    }
  }
}
