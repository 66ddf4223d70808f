import type { Context, Middleware } from 'koa'
import { type HandlerContext, isWebhookError, type Reply, refuse, type WebhookEvent, type WebhookRequest } from '../src'
import { onceArrived, readNodeBody } from './body'
import { assertMounted, type ReceiverFor, receiverFor } from './choose'
import { handled } from './own-answer'
import { discardRest, thrownBy } from './send'

/** What a handler is given besides the event. */
export interface KoaContext<Tx = undefined> extends HandlerContext<Tx> {
  readonly ctx: Context
}

/** Koa middleware: receives webhooks, verified, typed, each event handled once. */
export function koaWebhook<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, Context, Tx>,
  handler: (event: Event, context: KoaContext<Tx>) => unknown,
): Middleware {
  assertMounted('koaWebhook(receiver, handler)', receiver, handler)
  return async (ctx) => {
    const { body: before, status } = ctx
    const outcome = await onceArrived(ctx.req, () =>
      receiverFor(receiver, ctx).receive(toWebhookRequest(ctx), (event, context) =>
        handled(
          () => handler(event, Object.assign(context, { ctx })),
          () => ctx.status !== status && ctx.status,
        ),
      ),
    )
    const thrown = thrownBy(outcome)
    if (thrown !== undefined) ctx.app.emit('error', thrown, ctx)
    const answered = outcome.kind === 'processed' && ctx.body !== before
    if (!answered) send(ctx, outcome.reply)
  }
}

/** Only verifies: leaves the event as `ctx.state.event` and goes on. Duplicates are yours to handle. */
export function koaVerify<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, Context, Tx>,
): Middleware<{ event: Event }> {
  assertMounted('koaVerify(receiver)', receiver)
  return async (ctx, next) => {
    try {
      ctx.state.event = await onceArrived(ctx.req, () => receiverFor(receiver, ctx).verify(toWebhookRequest(ctx)))
    } catch (error) {
      if (!isWebhookError(error)) throw error
      return send(ctx, refuse(error))
    }
    await next()
  }
}

function send(ctx: Context, reply: Reply): void {
  if (ctx.respond === false || ctx.headerSent) return
  ctx.status = reply.status
  ctx.set(reply.headers)
  ctx.body = reply.body
  discardRest(ctx.req, reply)
}

function toWebhookRequest(ctx: Context): WebhookRequest {
  const fix = 'Mount the webhook above the body parser.'
  const { rawBody, body } = ctx.request as { rawBody?: unknown; body?: unknown }
  return {
    method: ctx.method,
    headers: ctx.headers,
    body: (limits) => readNodeBody(ctx.req, limits, fix, [rawBody, body]),
  }
}
