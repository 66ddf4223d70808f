import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BodyLimits, type Reply, WebhookError } from '../src'
import { bodyAlreadyParsed, tooLarge } from '../src/request'

/** A Node request, with what body parsers and platforms may have left on it. */
export type NodeRequest = IncomingMessage & { body?: unknown; rawBody?: unknown }

/**
 * The raw bytes of a Node request: those a raw parser kept, or the stream itself, read here within the limits.
 * A body that is gone is an error at once; nothing here ever waits for a stream that has ended.
 */
export async function readNodeBody(
  request: NodeRequest,
  limits: BodyLimits,
  fix: string,
): Promise<Uint8Array | string> {
  const kept = [request.rawBody, request.body].find(isRaw)
  if (kept !== undefined) return kept
  if (!request.readableDidRead && !request.readableEnded) return readStream(request, limits)
  if (request.body !== undefined) throw bodyAlreadyParsed(fix)
  throw new WebhookError(
    'body_already_read',
    `Something read the body before this handler and kept nothing of it. ${fix}`,
  )
}

/** Sends a reply, and lets go of whatever of the request is still to come. */
export function sendNodeReply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Reply,
): void {
  if (response.headersSent || response.destroyed) return
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
  if (!request.complete) discardRest(request)
}

const discardMs = 5000

/** Reads on without keeping anything, so that the sender gets to read the answer, but not for ever. */
function discardRest(request: IncomingMessage): void {
  request.resume()
  const timer = setTimeout(() => request.destroy(), discardMs)
  request.once('close', () => clearTimeout(timer))
}

function isRaw(body: unknown): body is Uint8Array | string {
  return typeof body === 'string' || body instanceof Uint8Array
}

function readStream(stream: IncomingMessage, limits: BodyLimits): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const timer = setTimeout(() => fail(timedOut(limits)), limits.bodyTimeoutMs)

    function onData(chunk: Uint8Array): void {
      length += chunk.length
      if (length > limits.maxBodyBytes) fail(tooLarge(limits))
      else chunks.push(chunk)
    }
    function onEnd(): void {
      stopListening()
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length))
    }
    function onClose(): void {
      fail(new WebhookError('body_aborted', 'The sender hung up before the body was complete.'))
    }
    function fail(error: WebhookError): void {
      stopListening()
      stream.pause()
      reject(error)
    }
    function stopListening(): void {
      clearTimeout(timer)
      stream.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
    }
    stream.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}

function timedOut({ bodyTimeoutMs }: BodyLimits): WebhookError {
  return new WebhookError('body_timeout', `The body did not arrive within bodyTimeoutMs (${bodyTimeoutMs}).`)
}
