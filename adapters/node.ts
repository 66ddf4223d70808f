import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type HandlerContext,
  isWebhookError,
  refuse,
  WebhookError,
  type WebhookEvent,
  type WebhookRequest,
} from '../src'
import { onceArrived, readNodeBody } from './body'
import { assertMounted, type ReceiverFor, receiverFor } from './choose'
import { handled } from './own-answer'
import { sendNodeReply } from './send'

/** What a handler is given besides the event. */
export interface NodeContext<Tx = undefined> extends HandlerContext<Tx> {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/** A request that has passed `nodeVerify`. */
export type VerifiedRequest<Event extends WebhookEvent> = IncomingMessage & { event: Event }

type Listener = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/** A listener for `node:http`: receives webhooks, verified, typed, each event handled once. */
export function nodeWebhook<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, IncomingMessage, Tx>,
  handler: (event: Event, context: NodeContext<Tx>) => unknown,
): Listener {
  assertMounted('nodeWebhook(receiver, handler)', receiver, handler)
  return answering(async (req, res) => {
    const { reply } = await onceArrived(req, () =>
      receiverFor(receiver, req).receive(toWebhookRequest(req), (event, context) =>
        handled(
          () => handler(event, Object.assign(context, { req, res })),
          () => res.headersSent && res.statusCode,
        ),
      ),
    )
    sendNodeReply(req, res, reply)
  })
}

/** Only verifies: calls `listener` with the event as `req.event`. Duplicates are yours to handle. */
export function nodeVerify<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, IncomingMessage, Tx>,
  listener: (req: VerifiedRequest<Event>, res: ServerResponse) => unknown,
): Listener {
  assertMounted('nodeVerify(receiver, listener)', receiver, listener)
  return answering(async (req, res) => {
    const event = await onceArrived(req, () => receiverFor(receiver, req).verify(toWebhookRequest(req)))
    await listener(Object.assign(req, { event }), res)
  })
}

/** Nobody looks at what a `node:http` listener rejects with: it would end the process. */
function answering(listener: Listener): Listener {
  return (req, res) =>
    listener(req, res).catch((error: unknown) => {
      if (!isWebhookError(error)) console.error(error)
      const known = isWebhookError(error) ? error : new WebhookError('internal_error', 'A listener threw.')
      sendNodeReply(req, res, refuse(known))
    })
}

function toWebhookRequest(req: IncomingMessage): WebhookRequest {
  const fix = 'Call this listener before anything that reads the request.'
  return { method: req.method, headers: req.headers, body: (limits) => readNodeBody(req, limits, fix) }
}
