import type { Request, RequestHandler, Response } from 'express'
import { type HandlerContext, isWebhookError, refuse, type WebhookEvent, type WebhookRequest } from '../src'
import { onceArrived, readNodeBody } from './body'
import { assertMounted, type ReceiverFor, receiverFor } from './choose'
import { handled } from './own-answer'
import { sendNodeReply } from './send'

/** What a handler is given besides the event. */
export interface ExpressContext<Tx = undefined> extends HandlerContext<Tx> {
  readonly req: Request
  readonly res: Response
}

/** A request that has passed `expressVerify`. */
export type VerifiedRequest<Event extends WebhookEvent> = Request & { event: Event }

/** Receives webhooks on an Express 4 or 5 route: verified, typed, each event handled once. */
export function expressWebhook<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, Request, Tx>,
  handler: (event: Event, context: ExpressContext<Tx>) => unknown,
): RequestHandler {
  assertMounted('expressWebhook(receiver, handler)', receiver, handler)
  return (req, res, next) => {
    const receive = () =>
      receiverFor(receiver, req).receive(toWebhookRequest(req), (event, context) =>
        handled(
          () => handler(event, Object.assign(context, { req, res })),
          () => res.headersSent && res.statusCode,
        ),
      )
    // Express 4 does not look at what a handler returns.
    onceArrived(req, receive)
      .then(({ reply }) => sendNodeReply(req, res, reply))
      .catch(next)
  }
}

/**
 * Only verifies: leaves the event as `req.event` (see `VerifiedRequest`) and the bytes as `req.rawBody`, and calls the
 * next handler. Duplicates are yours to handle.
 */
export function expressVerify<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, Request, Tx>,
): RequestHandler {
  assertMounted('expressVerify(receiver)', receiver)
  return (req, res, next) => {
    const verify = async () => {
      const event = await onceArrived(req, () => receiverFor(receiver, req).verify(toWebhookRequest(req)))
      Object.assign(req, { event, rawBody: event.rawBody })
    }
    verify()
      .catch((error: unknown) => {
        if (!isWebhookError(error)) throw error
        sendNodeReply(req, res, refuse(error))
        return true
      })
      .then((refused) => refused || next(), next)
  }
}

function toWebhookRequest(req: Request): WebhookRequest {
  const fix =
    'Mount the webhook route above `app.use(express.json())`, or have it parsed with `express.raw({ type: () => true })`.'
  return { method: req.method, headers: req.headers, body: (limits) => readNodeBody(req, limits, fix) }
}
