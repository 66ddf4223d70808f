import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Handler } from '../attempt'
import type { WebhookEvent } from '../event'
import type { Outcome } from '../outcome'
import type { Receiver } from '../receiver'
import type { Delivery } from './sign-delivery'

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown
type FetchHandler = (request: Request, ...more: never[]) => Response | Promise<Response>

/** Whatever takes requests. A bare function may be of two kinds: name which, as `{ listener }` or `{ fetch }`. */
export type App =
  | string
  | URL
  /** Hono, a Worker, or a fetch handler by name. */
  | { readonly fetch: FetchHandler }
  /** A listener of `node:http` by name. */
  | { readonly listener: Listener }
  /** Express. */
  | (Listener & { readonly handle: unknown })
  /** Koa. */
  | { callback(): Listener }
  /** Fastify. */
  | { inject(request: object): PromiseLike<{ statusCode: number; headers: object; body: string }> }
  /** A server of `node:http`, listening or not. */
  | { listeners(event: 'request'): readonly unknown[] }

export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Delivers to an app as the provider would: to a URL over the network, to a Node app over a loopback port of its own that
 * is closed again, to the others by a call. `path` is the webhook's, where the target is no URL.
 */
export function deliver(to: App, delivery: Delivery, options?: { path?: string }): Promise<Answer>
/** Hands it to a receiver, and gives the outcome besides. */
export function deliver<Event extends WebhookEvent, Tx = undefined>(
  to: Receiver<Event, Tx>,
  delivery: Delivery,
  options?: { handler?: Handler<Event, Tx> },
): Promise<Answer & { readonly outcome: Outcome<Event> }>
export async function deliver(
  to: App | Receiver,
  delivery: Delivery,
  { path = '/', handler = () => {} }: { path?: string; handler?: Handler<WebhookEvent> } = {},
): Promise<Answer> {
  if (typeof to === 'string' || to instanceof URL) return over(String(to), delivery)
  if ('receive' in to) {
    const outcome = await to.receive(delivery, handler)
    return { ...outcome.reply, outcome } as Answer
  }
  if ('inject' in to) return fromInject(await to.inject({ ...delivery, url: path, payload: delivery.body }))
  if ('callback' in to) return overLoopback(to.callback(), delivery, path)
  if ('handle' in to) return overLoopback(to, delivery, path)
  if ('fetch' in to) return read(await to.fetch(new Request(new URL(path, 'http://localhost'), delivery)))
  if ('listener' in to) return overLoopback(to.listener, delivery, path)
  if (typeof to === 'object' && 'listeners' in to) return overLoopback(asListener(to), delivery, path)
  throw new TypeError(
    'deliver: the app is none that is known. A bare function may be of two kinds: give { listener } for one of node:http, { fetch } for one from Request to Response.',
  )
}

const asListener =
  (server: { listeners(event: 'request'): readonly unknown[] }): Listener =>
  (request, response) => {
    for (const listen of server.listeners('request')) (listen as Listener)(request, response)
  }

async function over(url: string, delivery: Delivery): Promise<Answer> {
  return read(await fetch(url, { ...delivery, redirect: 'manual' }))
}

async function read(response: Response): Promise<Answer> {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
}

const fromInject = ({ statusCode, headers, body }: { statusCode: number; headers: object; body: string }): Answer => ({
  status: statusCode,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  body,
})

async function overLoopback(listener: Listener, delivery: Delivery, path: string): Promise<Answer> {
  const { createServer } = await import('node:http')
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  try {
    return await over(new URL(path, `http://127.0.0.1:${port}`).href, delivery)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}
