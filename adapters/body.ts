import type { IncomingMessage } from 'node:http'
import { type BodyLimits, WebhookError } from '../src'
import type { Awaitable } from '../src/core/awaitable'
import { joinBytes } from '../src/core/bytes'
import { bodyAlreadyParsed, tooLarge } from '../src/request'

/** A Node request, with what body parsers and platforms may have left on it. */
export type NodeRequest = IncomingMessage & { body?: unknown; rawBody?: unknown }

/**
 * The raw bytes of a Node request: those that a raw parser kept, or the stream itself, read here within the limits.
 * A body that is gone is an error at once; nothing here ever waits for a stream that has ended.
 */
export function readNodeBody(
  request: NodeRequest,
  limits: BodyLimits,
  fix: string,
  kept: readonly unknown[] = [request.rawBody, request.body],
): Awaitable<Uint8Array | string> {
  for (const raw of kept) if (isRaw(raw)) return raw
  return takeWhole(request) ?? listen(request, limits, fix)
}

/** Begins once the parser is through with the packet that brought the headers: most bodies come with them, and are there then. */
export function onceArrived<T>(request: IncomingMessage, begin: () => Awaitable<T>): Promise<T> {
  // Somebody has it flowing: what comes before we listen would be lost.
  return request.readableFlowing === true ? begunNow(begin) : parsed.then(begin)
}

const parsed = Promise.resolve()

async function begunNow<T>(begin: () => Awaitable<T>): Promise<T> {
  return begin()
}

/** A body that is there to its last byte, in one read: listening for it costs as much as proving it. */
function takeWhole(request: NodeRequest): Uint8Array | undefined {
  if (request.readableFlowing === true || request.readableDidRead) return undefined
  if (request.readableLength !== Number(request.headers['content-length'])) return undefined
  const whole: unknown = request.read()
  if (!(whole instanceof Uint8Array)) return undefined
  // Where its end is still to come, others may wait for it.
  if (!request.complete) request.resume()
  return whole
}

function listen(request: NodeRequest, limits: BodyLimits, fix: string): Promise<Uint8Array> {
  if (request.destroyed && !request.readableDidRead) throw aborted()
  // With an encoding set the stream gives text, and the bytes are gone.
  const untouched = !request.readableDidRead && !request.readableEnded && request.readableEncoding === null
  if (untouched) return readStream(request, limits)
  throw bodyAlreadyParsed(fix)
}

/** The raw bytes of a fetch `Request`. Never cloned: a clone keeps a second copy of every byte. */
export async function readWebBody(request: Request, limits: BodyLimits, fix: string): Promise<Uint8Array> {
  if (request.bodyUsed || request.body?.locked) throw bodyAlreadyParsed(fix)
  if (request.body === null) return new Uint8Array()
  const collected = collect(limits)
  const reader = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>
  let late = false
  const timer = setTimeout(() => {
    late = true
    void reader.cancel().catch(() => {})
  }, limits.bodyTimeoutMs)
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) collected.add(part.value)
  } catch (error) {
    void reader.cancel().catch(() => {})
    throw error instanceof WebhookError ? error : aborted()
  } finally {
    clearTimeout(timer)
  }
  if (late) throw timedOut(limits)
  return collected.bytes()
}

function readStream(stream: IncomingMessage, limits: BodyLimits): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const collected = collect(limits)
    const timer = setTimeout(() => fail(timedOut(limits)), limits.bodyTimeoutMs)

    function onData(chunk: Uint8Array): void {
      try {
        collected.add(chunk)
      } catch (error) {
        fail(error)
      }
    }
    function onEnd(): void {
      stopListening()
      resolve(collected.bytes())
    }
    function onClose(): void {
      fail(aborted())
    }
    function fail(error: unknown): void {
      stopListening()
      stream.pause()
      reject(error)
    }
    function stopListening(): void {
      clearTimeout(timer)
      stream.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
    }
    // Somebody may have paused it until now.
    stream.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose).resume()
  })
}

/** Counts while it collects: what a header says of the length is not to be trusted. */
function collect(limits: BodyLimits): { add(chunk: Uint8Array): void; bytes(): Uint8Array } {
  const chunks: Uint8Array[] = []
  let length = 0
  return {
    add(chunk) {
      length += chunk.length
      if (length > limits.maxBodyBytes) throw tooLarge(limits)
      chunks.push(chunk)
    },
    bytes() {
      const [only] = chunks
      if (chunks.length === 1 && only !== undefined) return only
      // Node's own kind is joined to its own kind: what comes in parts must be no other than what comes whole.
      const { concat = joinBytes } = (only?.constructor ?? {}) as { concat?: typeof joinBytes }
      return concat(chunks)
    },
  }
}

function isRaw(body: unknown): body is Uint8Array | string {
  return typeof body === 'string' || body instanceof Uint8Array
}

function aborted(): WebhookError {
  return new WebhookError('body_aborted', 'The sender hung up before the body was complete.')
}

function timedOut({ bodyTimeoutMs }: BodyLimits): WebhookError {
  return new WebhookError('body_timeout', `The body did not arrive within bodyTimeoutMs (${bodyTimeoutMs}).`)
}
