import type { Handler, Outcome, Receiver, WebhookEvent, WebhookRequest } from '../src'
import { atOnce } from '../src/core/at-once'
import type { Awaitable } from '../src/core/awaitable'

/** The outcome of a delivery: without a promise where the receiver needs none, since a server pays for each of them. */
export function receive<Event extends WebhookEvent, Tx>(
  receiver: Receiver<Event, Tx>,
  request: WebhookRequest,
  handler: Handler<Event, Tx>,
): Awaitable<Outcome<Event>> {
  const ask = atOnce(receiver.receive)
  return ask === undefined ? receiver.receive(request, handler) : ask(request, handler)
}
