import { forProvider, isWebhookError, WebhookError } from './errors'
import type { WebhookEvent } from './event'
import { createHandling, type Handler } from './handling'
import { contained, type DeliveryReport } from './observe'
import { parseOptions, type ReceiverOptions, type ReceiverSettings } from './options'
import { kindOf, type Outcome } from './outcome'
import { refuse } from './reply'
import { readRequest, type WebhookRequest } from './request'

/** Receives one provider's deliveries. */
export interface Receiver<Event extends WebhookEvent = WebhookEvent> {
  /** Proves, parses and types a delivery, and touches no store. Throws a `WebhookError`. */
  verify(request: WebhookRequest): Promise<Event>
  /** Does all of it: proves, claims, calls the handler once per event, and says what to answer. Never rejects. */
  receive(request: WebhookRequest, handler: Handler<Event>): Promise<Outcome<Event>>
  /**
   * Begins no event any more (503), and waits for the handlers that run. Those that take longer than `drainSeconds`
   * (default 10) are told by their `signal`, and their events given back. Resolves with whether all came to an end.
   */
  close(options?: { drainSeconds?: number }): Promise<boolean>
}

/** Makes a receiver. Wrong options throw here, at start, never at the first payment. */
export function createReceiver<Event extends WebhookEvent>(options: ReceiverOptions<Event>): Receiver<Event> {
  const settings = parseOptions(options)
  const report = contained(settings.observe)
  const { handle, close } = createHandling(settings, report)
  return {
    async verify(request) {
      const trace = startTrace()
      try {
        const event = await prove(settings, request, trace)
        report({ ...summary(settings, trace), ...trace.about, outcome: 'verified' })
        return event
      } catch (caught) {
        const error = asWebhookError(settings.provider.name, caught)
        report({ ...summary(settings, trace), outcome: kindOf(error.code), ...reason(error) })
        throw error
      }
    },
    async receive(request, handler) {
      const trace = startTrace()
      const reportOutcome = (outcome: Outcome<Event>) =>
        report({ ...summary(settings, trace), ...trace.about, ...fromOutcome(outcome) })
      const outcome = await prove(settings, request, trace)
        .then((event) => handle(event, handler, reportOutcome))
        .catch((caught): Outcome<Event> => refused(asWebhookError(settings.provider.name, caught)))
      reportOutcome(outcome)
      return outcome
    },
    close: ({ drainSeconds = 10 } = {}) => close(drainSeconds),
  }
}

interface Trace {
  readonly startedMs: number
  body: Uint8Array | undefined
  /** Noted before the handler runs, which may do to the event what it likes. */
  about: Partial<DeliveryReport>
}

function startTrace(): Trace {
  return { startedMs: performance.now(), body: undefined, about: {} }
}

async function prove<Event extends WebhookEvent>(
  settings: ReceiverSettings<Event>,
  request: WebhookRequest,
  trace: Trace,
): Promise<Event> {
  const { provider, toleranceSeconds, maxEventAgeSeconds } = settings
  const body = await readRequest(request, settings)
  trace.body = body
  const nowMs = settings.now()
  // Every comparison with NaN is false: no time would ever be too old.
  if (!Number.isFinite(nowMs))
    throw new WebhookError('configuration_invalid', '`now` must give milliseconds since 1970.')
  const event = await provider.verify(
    { headers: request.headers, body },
    { nowMs, toleranceSeconds, maxEventAgeSeconds },
  )
  trace.about = about(event)
  return event
}

function refused<Event extends WebhookEvent>(error: WebhookError): Outcome<Event> {
  return { kind: kindOf(error.code), error, reply: refuse(error) }
}

function asWebhookError(provider: string, caught: unknown): WebhookError {
  const error = forProvider(provider, caught)
  if (isWebhookError(error)) return error
  return new WebhookError('internal_error', 'Something threw that should not have.', { provider, cause: caught })
}

function summary({ provider, account }: ReceiverSettings<WebhookEvent>, trace: Trace) {
  return {
    type: 'delivery',
    provider: provider.name,
    account,
    durationMs: performance.now() - trace.startedMs,
    rawBody: () => trace.body,
  } as const
}

function fromOutcome(outcome: Outcome): Pick<DeliveryReport, 'outcome'> & Partial<DeliveryReport> {
  return {
    outcome: outcome.kind,
    status: outcome.reply.status,
    ...('error' in outcome ? reason(outcome.error) : {}),
  }
}

function about({ type, wireType, idempotencyKey, proof }: WebhookEvent): Partial<DeliveryReport> {
  return {
    eventType: type,
    wireType,
    idempotencyKey,
    ...(proof.secretId === undefined ? {} : { secretId: proof.secretId }),
  }
}

function reason({ code, hint, cause }: WebhookError): Partial<DeliveryReport> {
  return { code, hint, ...(cause === undefined ? {} : { error: cause }) }
}
