import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Outcome, Reply } from '../src'
import { isRefusal } from '../src/reply'

/** Sends a reply, unless the handler has answered by itself. */
export function sendNodeReply(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return
  if (response.headersSent) {
    // A handler that failed in the middle of its own answer: cut off, it cannot be taken for a success.
    if (!response.writableEnded && isRefusal(reply)) response.destroy()
    return
  }
  write(response, reply)
  discardRest(request, reply)
}

/** In one plain write. An end that brings the body makes two of it, which are gathered first. */
function write(response: ServerResponse, { status, headers, body }: Reply): void {
  const { socket } = response
  response.writeHead(status, Object.assign({ 'content-length': Buffer.byteLength(body) }, headers))
  // What stands for a socket elsewhere than in Node need not be able to hold anything back.
  socket?.cork?.()
  response.write(body)
  socket?.uncork?.()
  response.end()
}

const discardMs = 5000

/**
 * Lets go of what is still to come of a request: read on, so that the sender gets to read the answer, but not for ever. What was
 * handled was read to its end, also where Node has not said so yet.
 */
export function discardRest(request: IncomingMessage, reply?: Reply): void {
  if (reply !== undefined && !isRefusal(reply)) return
  if (request.complete || request.readableEnded || request.destroyed) return
  request.resume()
  const timer = setTimeout(() => request.destroy(), discardMs).unref()
  request.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer))
}

export function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body, { status, headers })
}

/** What a handler threw, for the framework's log, which may take errors alone. */
export function thrownBy(outcome: Outcome): Error | undefined {
  if (outcome.kind !== 'failed' && outcome.kind !== 'dead_letter') return undefined
  const { cause = outcome.error } = outcome.error
  return cause instanceof Error ? cause : new Error('The handler threw what is no error.', { cause })
}
