import { toBytes } from '../core/bytes'
import { type Handler, isWebhookError, type Outcome, type Receiver, type WebhookEvent } from '../index'
import { kindOf } from '../outcome'
import type { WebhookRequest } from '../request'
import type { DeliveryLog, Kept, Source } from './log'
import { mask } from './mask'
import { pairsOf, readOnce } from './request-headers'
import { ownSecrets } from './secrets'
import type { Again } from './shown'

/** What is known of a request besides what a receiver needs. */
export interface Circumstances {
  readonly path?: string
  readonly again?: Again
}

export interface InspectSettings {
  readonly log: DeliveryLog
  readonly source: Source
  readonly now?: () => number
}

/** The same receiver, whose deliveries are kept for the page. Nothing it answers is any different. */
export function inspectReceiver<Event extends WebhookEvent, Tx>(
  receiver: Receiver<Event, Tx>,
  settings: InspectSettings,
): Receiver<Event, Tx> {
  return {
    ...receiver,
    verify(request) {
      const { handed, kept } = begin(request, settings)
      return kept === undefined ? receiver.verify(handed) : kept.verify(receiver)
    },
    receive(request, handler) {
      const { handed, kept } = begin(request, settings)
      return kept === undefined ? receiver.receive(handed, handler) : kept.receive(receiver, handler)
    },
  }
}

/** What cannot be kept is handed to the receiver all the same: it knows what to answer. */
function begin(request: WebhookRequest, settings: InspectSettings) {
  const handed = readOnce(request)
  try {
    return { handed, kept: keep(handed, settings) }
  } catch {
    return { handed }
  }
}

/** Begins to keep a delivery: what is then done with it is noted as it happens. */
export function keep(
  request: WebhookRequest,
  { log, source, now = Date.now }: InspectSettings,
  more: Circumstances = {},
) {
  const startedMs = performance.now()
  const afterMs = () => performance.now() - startedMs
  const { method, headers } = request
  const start = { receivedAtMs: now(), source, headers: pairsOf(headers), ...(method === undefined ? {} : { method }) }
  const path = more.path === undefined ? {} : { path: mask(more.path, ownSecrets(source.provider)) }
  const delivery = log.begin({ ...start, ...more, ...path })

  /** Whatever goes wrong in keeping is nothing to who receives. */
  function step(what: string, found: Partial<Kept> = {}): void {
    try {
      delivery.steps.push({ what, afterMs: afterMs() })
      log.changed(Object.assign(delivery, found))
    } catch (error) {
      console.error(error)
    }
  }
  const end = (what: string, found: Partial<Kept>) => step(what, { ...found, durationMs: afterMs() })

  const watched: WebhookRequest = {
    method,
    headers,
    async body(limits) {
      const body = typeof request.body === 'function' ? await request.body(limits) : request.body
      if (typeof body === 'string' || body instanceof Uint8Array) step('body read', { body: toBytes(body) })
      return body
    },
  }

  function watching<Event extends WebhookEvent, Tx>(handler: Handler<Event, Tx>): Handler<Event, Tx> {
    return async (event, context) => {
      step('verified, handler called', { event, attempt: context.attempt })
      try {
        return await handler(event, context)
      } catch (thrown) {
        delivery.thrown = thrown
        throw thrown
      } finally {
        step(delivery.thrown === undefined ? 'handler done' : 'handler threw')
      }
    }
  }

  return {
    delivery,
    step,
    end,
    async verify<Event extends WebhookEvent, Tx>(receiver: Receiver<Event, Tx>): Promise<Event> {
      try {
        const event = await receiver.verify(watched)
        end('verified', { event, outcome: 'verified' })
        return event
      } catch (error) {
        if (isWebhookError(error)) end('refused', { error, outcome: kindOf(error.code) })
        throw error
      }
    },
    async receive<Event extends WebhookEvent, Tx>(receiver: Receiver<Event, Tx>, handler: Handler<Event, Tx>) {
      const outcome = await receiver.receive(watched, watching(handler))
      end('answered', ofOutcome(outcome))
      return outcome
    },
  }
}

function ofOutcome(outcome: Outcome): Partial<Kept> {
  const { status, headers, body } = outcome.reply
  return {
    outcome: outcome.kind,
    ...('event' in outcome ? { event: outcome.event } : {}),
    ...('error' in outcome ? { error: outcome.error } : {}),
    answer: { status, headers: Object.entries(headers), body: toBytes(body) },
  }
}
