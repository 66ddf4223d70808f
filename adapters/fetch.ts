import { type HandlerContext, isWebhookError, refuse, type WebhookEvent, type WebhookRequest } from '../src'
import { readWebBody } from './body'
import { assertMounted, type ReceiverFor, receiverFor } from './choose'
import { handled, statusOfResponse } from './own-answer'
import { toResponse } from './send'

export { perEnvironment } from './choose'

/** A request, and whatever else the runtime hands over with it. */
export interface FetchRequestContext<Env = unknown> {
  readonly request: Request
  /** Second argument: `env` on Workers, route parameters on Next.js. */
  readonly env: Env
  /** Third argument: the execution context on Workers. */
  readonly execution: unknown
}

/** What a handler is given besides the event. */
export interface FetchContext<Env = unknown, Tx = undefined> extends HandlerContext<Tx>, FetchRequestContext<Env> {}

type FetchHandler<Env> = (request: Request, env?: Env, execution?: unknown) => Promise<Response>

/**
 * A function from `Request` to `Response`: Next.js App Router (`export const POST = …`), Workers (`{ fetch: … }`), Bun,
 * Deno, SvelteKit, Remix, Astro.
 */
export function fetchWebhook<Event extends WebhookEvent, Env = unknown, Tx = undefined>(
  receiver: ReceiverFor<Event, FetchRequestContext<Env>, Tx>,
  handler: (event: Event, context: FetchContext<Env, Tx>) => unknown,
): FetchHandler<Env> {
  assertMounted('fetchWebhook(receiver, handler)', receiver, handler)
  return async (request, env, execution) => {
    const given = { request, env: env as Env, execution }
    const outcome = await receiverFor(receiver, given).receive(toWebhookRequest(request), (event, context) =>
      handled(() => handler(event, Object.assign(context, given)), statusOfResponse),
    )
    return toResponse(outcome.reply)
  }
}

/** Only verifies: calls `next` with the event and answers what it returns. Duplicates are yours to handle. */
export function fetchVerify<Event extends WebhookEvent, Env = unknown, Tx = undefined>(
  receiver: ReceiverFor<Event, FetchRequestContext<Env>, Tx>,
  next: (event: Event, context: FetchRequestContext<Env>) => Response | Promise<Response>,
): FetchHandler<Env> {
  assertMounted('fetchVerify(receiver, next)', receiver, next)
  return async (request, env, execution) => {
    const given = { request, env: env as Env, execution }
    try {
      return await next(await receiverFor(receiver, given).verify(toWebhookRequest(request)), given)
    } catch (error) {
      if (!isWebhookError(error)) throw error
      return toResponse(refuse(error))
    }
  }
}

function toWebhookRequest(request: Request): WebhookRequest {
  const fix = 'Hand over the request unread: no `request.json()` or `request.text()` before.'
  return { method: request.method, headers: request.headers, body: (limits) => readWebBody(request, limits, fix) }
}
