import { Readable } from 'node:stream'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest, preParsingAsyncHookHandler } from 'fastify'
import { type HandlerContext, isWebhookError, type Reply, refuse, type WebhookEvent, type WebhookRequest } from '../src'
import { readNodeBody } from './body'
import { assertMounted, type ReceiverFor, receiverFor } from './choose'
import { discardRest } from './send'

/** What a handler is given besides the event. */
export interface FastifyContext extends HandlerContext {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** A request that has passed `fastifyVerify`. */
export type VerifiedRequest<Event extends WebhookEvent> = FastifyRequest & { event: Event }

/**
 * A Fastify 5 plugin: `app.register(fastifyWebhook(receiver, handler), { prefix: '/webhooks/…' })`. It reads the request
 * before any content type parser does, so the app's parsers stay as they are.
 */
export function fastifyWebhook<Event extends WebhookEvent>(
  receiver: ReceiverFor<Event, FastifyRequest>,
  handler: (event: Event, context: FastifyContext) => unknown,
): FastifyPluginCallback {
  assertMounted('fastifyWebhook', receiver, handler)
  return (app, _options, done) => {
    app.route({
      method: app.supportedMethods,
      url: '/',
      onRequest: async (request, reply) => {
        const outcome = await receiverFor(receiver, request).receive(toWebhookRequest(request), (event, context) =>
          handler(event, { ...context, request, reply }),
        )
        if (outcome.kind === 'failed') request.log.error(outcome.error.cause)
        return send(request, reply, outcome.reply)
      },
      handler: () => {},
    })
    done()
  }
}

/** Only verifies, as a `preParsing` hook: leaves the event as `request.event`. Duplicates are yours to handle. */
export function fastifyVerify<Event extends WebhookEvent>(
  receiver: ReceiverFor<Event, FastifyRequest>,
): preParsingAsyncHookHandler {
  return async (request, reply) => {
    try {
      const event = await receiverFor(receiver, request).verify(toWebhookRequest(request))
      Object.assign(request, { event })
      // The parsers that follow get the bytes again.
      return Object.assign(Readable.from([event.rawBody]), { receivedEncodedLength: event.rawBody.length })
    } catch (error) {
      if (!isWebhookError(error)) throw error
      return send(request, reply, refuse(error))
    }
  }
}

function send(request: FastifyRequest, reply: FastifyReply, { status, headers, body }: Reply): FastifyReply {
  if (!reply.sent) reply.code(status).headers(headers).send(body)
  discardRest(request.raw)
  return reply
}

function toWebhookRequest({ raw, body }: FastifyRequest): WebhookRequest {
  const fix = 'Register the plugin by itself, so that no hook before it reads the request.'
  return { method: raw.method, headers: raw.headers, body: (limits) => readNodeBody(raw, limits, fix, [body]) }
}
