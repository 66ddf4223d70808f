import type { IncomingMessage, ServerResponse } from 'node:http'
import { equalSecrets } from '#hmac'
import { toBytes } from '../core/bytes'
import { type ProviderName, senderByName } from './senders'
import type { SentApi } from './senders/sender'

/** Stands for a provider's API that confirms payments. Knows what it is told, and answers 404 for everything else. */
export interface StandInApi {
  /** Makes it know what the delivery says, with changes: a status, another amount. Gives the payment's id. */
  confirm(delivery: { readonly body: string }, changes?: object): string
  forget(id: string): void
  /** An HTTP status it answers everything with, or `hangs`: it never answers. `undefined`: it works. */
  trouble: number | 'hangs' | undefined
  /** The paths it was asked for, in order. */
  readonly asked: readonly string[]
  /** For the provider's `fetch` setting. */
  readonly fetch: typeof globalThis.fetch
  /** For `createServer`; the provider's URL setting is then `urlAt(origin)`. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void
  urlAt(origin: string): string
}

/**
 * The API of a provider whose deliveries are confirmed by one. Throws a `TypeError` for one that has none.
 * `apiKey`: refuse who does not ask with it.
 */
export function standInApi(provider: ProviderName, { apiKey }: { apiKey?: string } = {}): StandInApi {
  const { api } = senderByName[provider]
  if (api === undefined)
    throw new TypeError(`${provider} has no API that confirms payments: its deliveries are signed.`)
  const known = new Map<string, object>()
  const asked: string[] = []
  const standIn: StandInApi = {
    trouble: undefined,
    asked,
    confirm({ body }, changes = {}) {
      const { id, answer } = api.confirm(JSON.parse(body) as Record<string, unknown>, changes)
      known.set(id, answer)
      return id
    },
    forget: (id) => void known.delete(id),
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const { pathname } = new URL(request.url)
      asked.push(pathname)
      const key = request.headers.get(api.keyHeader ?? 'authorization')
      return answerTo(standIn, api, { pathname, refused: !admits(apiKey, key) }, known, request.signal)
    },
    listener: (request, response) => void answerOver(standIn.fetch, request, response),
    urlAt: (origin) => origin.replace(/\/$/, '') + api.path,
  }
  return standIn
}

const admits = (expected: string | undefined, offered: string | null) =>
  expected === undefined || equalSecrets(toBytes(expected), toBytes(offered ?? ''))

async function answerTo(
  { trouble }: StandInApi,
  { route }: SentApi,
  { pathname, refused }: { pathname: string; refused: boolean },
  known: ReadonlyMap<string, object>,
  signal: AbortSignal,
): Promise<Response> {
  if (trouble === 'hangs')
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  if (trouble !== undefined) return Response.json({}, { status: trouble })
  if (refused) return Response.json({ error: 'unauthorized' }, { status: refusals.unauthorized })
  const answer = known.get(route.exec(pathname)?.[1] ?? '')
  return answer === undefined
    ? Response.json({ error: 'not found' }, { status: refusals.unknown })
    : Response.json(answer)
}

const refusals = { unauthorized: 401, unknown: 404 } as const

/** Serves a fetch function to Node. */
async function answerOver(fetch: StandInApi['fetch'], request: IncomingMessage, response: ServerResponse) {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  try {
    const answer = await fetch(`http://api.invalid${request.url}`, { headers, signal: gone.signal })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  } catch {
    response.destroy()
  }
}
