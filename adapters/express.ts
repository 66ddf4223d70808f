import type { Request, RequestHandler, Response } from 'express'
import {
  type HandlerContext,
  isWebhookError,
  type Receiver,
  refuse,
  type WebhookEvent,
  type WebhookRequest,
} from '../src'
import { readNodeBody, sendNodeReply } from './body'

const fix =
  'Mount the webhook route above `app.use(express.json())`, or have it parsed with `express.raw({ type: () => true })`.'

/** What an Express handler is given besides the event. */
export interface ExpressContext extends HandlerContext {
  readonly req: Request
  readonly res: Response
}

/** A request that has passed `expressVerify`. */
export type VerifiedRequest<Event extends WebhookEvent> = Request & { event: Event }

/** A receiver, or a function that finds the one for a request. */
type ReceiverFor<Event extends WebhookEvent> = Receiver<Event> | ((req: Request) => Receiver<Event>)

/** Receives webhooks on an Express 4 or 5 route: verified, typed, each event handled once. */
export function expressWebhook<Event extends WebhookEvent>(
  receiver: ReceiverFor<Event>,
  handler: (event: Event, context: ExpressContext) => unknown,
): RequestHandler {
  return (req, res, next) => {
    receive().catch(next) // Express 4 does not look at what a handler returns.

    async function receive(): Promise<void> {
      const outcome = await choose(receiver, req).receive(toWebhookRequest(req), (event, context) =>
        handler(event, { ...context, req, res }),
      )
      sendNodeReply(req, res, outcome.reply)
    }
  }
}

/** Only verifies: leaves the event as `req.event` and calls the next handler, which handles duplicates itself. */
export function expressVerify<Event extends WebhookEvent>(receiver: ReceiverFor<Event>): RequestHandler {
  return (req, res, next) => {
    verify().then(() => next(), refuseOrPass)

    async function verify(): Promise<void> {
      Object.assign(req, { event: await choose(receiver, req).verify(toWebhookRequest(req)) })
    }
    function refuseOrPass(error: unknown): void {
      if (isWebhookError(error)) sendNodeReply(req, res, refuse(error))
      else next(error)
    }
  }
}

function choose<Event extends WebhookEvent>(receiver: ReceiverFor<Event>, req: Request): Receiver<Event> {
  return typeof receiver === 'function' ? receiver(req) : receiver
}

function toWebhookRequest(req: Request): WebhookRequest {
  return { method: req.method, headers: req.headers, body: (limits) => readNodeBody(req, limits, fix) }
}
