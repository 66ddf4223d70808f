import type { IncomingMessage } from 'node:http'
import type { Context, Handler, MiddlewareHandler } from 'hono'
import {
  type BodyLimits,
  type HandlerContext,
  isWebhookError,
  refuse,
  type WebhookEvent,
  type WebhookRequest,
} from '../src'
import { type Awaitable, andThen } from '../src/core/awaitable'
import { onceArrived, readNodeBody, readWebBody } from './body'
import { assertMounted, type ReceiverFor, receiverFor } from './choose'
import { handled, statusOfResponse } from './own-answer'
import { toResponse } from './send'

export { perEnvironment } from './choose'

/** What a handler is given besides the event. */
export interface HonoContext<Tx = undefined> extends HandlerContext<Tx> {
  readonly c: Context
}

/** A Hono handler, on Node, Bun, Deno and Workers: receives webhooks, verified, typed, each event handled once. */
export function honoWebhook<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, Context, Tx>,
  handler: (event: Event, context: HonoContext<Tx>) => unknown,
): Handler {
  assertMounted('honoWebhook(receiver, handler)', receiver, handler)
  return async (c) => {
    const outcome = await arrived(c, () =>
      receiverFor(receiver, c).receive(toWebhookRequest(c), (event, context) =>
        handled(() => handler(event, Object.assign(context, { c })), statusOfResponse),
      ),
    )
    return toResponse(outcome.reply)
  }
}

/** Only verifies: leaves the event as `c.get('event')` and goes on. Duplicates are yours to handle. */
export function honoVerify<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, Context, Tx>,
): MiddlewareHandler<{ Variables: { event: Event } }> {
  assertMounted('honoVerify(receiver)', receiver)
  return async (c, next) => {
    try {
      const event = await arrived(c, () => receiverFor(receiver, c).verify(toWebhookRequest(c)))
      c.set('event', event)
      // What follows may read the body as if nobody had.
      Object.assign(c.req.bodyCache, { arrayBuffer: Promise.resolve(new Uint8Array(event.rawBody).buffer) })
    } catch (error) {
      if (!isWebhookError(error)) throw error
      return toResponse(refuse(error))
    }
    await next()
  }
}

/** On Node the server hands over its own request too. */
function incomingOf({ env }: Context): IncomingMessage | undefined {
  return (env as { incoming?: IncomingMessage } | undefined)?.incoming
}

function arrived<T>(c: Context, begin: () => Awaitable<T>): Awaitable<T> {
  const incoming = incomingOf(c)
  return incoming === undefined ? begin() : onceArrived(incoming, begin)
}

function toWebhookRequest(c: Context): WebhookRequest {
  const incoming = incomingOf(c)
  // On Node a `Headers` is built for whoever asks for it, which costs more than all that is read from it here.
  const headers = incoming?.headers ?? c.req.raw.headers
  return { method: c.req.method, headers, body: (limits) => readBody(c, incoming, limits) }
}

function readBody(
  c: Context,
  incoming: IncomingMessage | undefined,
  limits: BodyLimits,
): Awaitable<Uint8Array | string> {
  const fix = 'Mount the webhook above middleware that reads the body.'
  // What other middleware read through Hono is kept as it was read.
  const { arrayBuffer, text, blob } = c.req.bodyCache
  if (arrayBuffer !== undefined) return andThen(arrayBuffer, (bytes) => new Uint8Array(bytes))
  if (text !== undefined) return text
  if (blob !== undefined) return andThen(blob, async (kept) => new Uint8Array(await kept.arrayBuffer()))
  // Middleware may have read the stream and put a whole request in its place.
  const replaced = incoming?.readableDidRead === true && !c.req.raw.bodyUsed
  return incoming === undefined || replaced ? readWebBody(c.req.raw, limits, fix) : readNodeBody(incoming, limits, fix)
}
