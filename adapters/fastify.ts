import { Readable } from 'node:stream'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest, preParsingHookHandler } from 'fastify'
import { type HandlerContext, isWebhookError, type Reply, refuse, type WebhookEvent, type WebhookRequest } from '../src'
import { onceArrived, readNodeBody } from './body'
import { assertMounted, type ReceiverFor, receiverFor } from './choose'
import { handled } from './own-answer'
import { discardRest, thrownBy } from './send'

/** What a handler is given besides the event. */
export interface FastifyContext<Tx = undefined> extends HandlerContext<Tx> {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** A request that has passed `fastifyVerify`. */
export type VerifiedRequest<Event extends WebhookEvent> = FastifyRequest & { event: Event }

/**
 * A Fastify 5 plugin: `app.register(fastifyWebhook(receiver, handler), { prefix: '/webhooks/…' })`. It reads the request
 * before any content type parser does, so the app's parsers stay as they are.
 */
export function fastifyWebhook<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, FastifyRequest, Tx>,
  handler: (event: Event, context: FastifyContext<Tx>) => unknown,
): FastifyPluginCallback {
  assertMounted('fastifyWebhook(receiver, handler)', receiver, handler)
  return (app, _options, done) => {
    app.route({
      method: app.supportedMethods,
      url: '/',
      // `done` is never called: after the answer nothing may go on, not even when the sender has hung up.
      onRequest: (request, reply, done) => {
        const hasAnswered = noteAnswer(reply)
        const receive = () =>
          receiverFor(receiver, request).receive(toWebhookRequest(request), (event, context) =>
            handled(
              () => handler(event, Object.assign(context, { request, reply })),
              () => (hasAnswered() || reply.raw.headersSent) && reply.statusCode,
            ),
          )
        onceArrived(request.raw, receive)
          .then((outcome) => {
            const thrown = thrownBy(outcome)
            if (thrown !== undefined) request.log.error(thrown)
            if (hasAnswered()) discardRest(request.raw, outcome.reply)
            else send(request, reply, outcome.reply)
          })
          .catch(done)
      },
      handler: () => {},
    })
    done()
  }
}

/**
 * Only verifies, as a `preParsing` hook: leaves the event as `request.event` (see `VerifiedRequest`). What the route
 * parses afterwards is up to the app's content type parsers. Duplicates are yours to handle.
 */
export function fastifyVerify<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, FastifyRequest, Tx>,
): preParsingHookHandler {
  assertMounted('fastifyVerify(receiver)', receiver)
  return (request, reply, _payload, done) => {
    onceArrived(request.raw, () => receiverFor(receiver, request).verify(toWebhookRequest(request)))
      .then((event) => {
        Object.assign(request, { event })
        const { buffer, byteOffset, length } = event.rawBody
        // The parsers that follow get the bytes again, as a Buffer: of anything else some make a list of numbers.
        const bytes = Buffer.from(buffer, byteOffset, length)
        done(null, Object.assign(Readable.from([bytes]), { receivedEncodedLength: length }))
      })
      .catch((error: unknown) => {
        if (isWebhookError(error)) send(request, reply, refuse(error))
        else done(error instanceof Error ? error : new Error(String(error)))
      })
  }
}

/** Whether the handler answers by itself: `reply.sent` knows only when the hooks have run. */
function noteAnswer(reply: FastifyReply): () => boolean {
  const { send } = reply
  let answered = false
  reply.send = (payload) => {
    answered = true
    return send.call(reply, payload)
  }
  return () => answered
}

function send(request: FastifyRequest, reply: FastifyReply, said: Reply): void {
  if (!reply.sent) reply.code(said.status).headers(said.headers).send(said.body)
  discardRest(request.raw, said)
}

function toWebhookRequest({ raw, body }: FastifyRequest): WebhookRequest {
  const fix = 'Register the plugin by itself, so that no hook before it reads the request.'
  return { method: raw.method, headers: raw.headers, body: (limits) => readNodeBody(raw, limits, fix, [body]) }
}
