import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reply } from '../src'

/** Sends a reply, unless the handler has answered by itself. */
export function sendNodeReply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Reply,
): void {
  if (response.headersSent || response.destroyed) return
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
  discardRest(request)
}

const discardMs = 5000

/** Lets go of what is still to come of a request: read on, so that the sender gets to read the answer, but not for ever. */
export function discardRest(request: IncomingMessage): void {
  if (request.complete) return
  request.resume()
  const timer = setTimeout(() => request.destroy(), discardMs)
  request.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer))
}

export function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body, { status, headers })
}
