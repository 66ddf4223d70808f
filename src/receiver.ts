import { forProvider, isWebhookError, WebhookError } from './errors'
import type { WebhookEvent } from './event'
import { claim, holdLease, type LeaseSettings } from './lease'
import { contained, type DeliveryReport, type Report } from './observe'
import { parseOptions, type ReceiverOptions, type ReceiverSettings } from './options'
import { kindOf, type Outcome } from './outcome'
import { acknowledge, refuse } from './reply'
import { readRequest, type WebhookRequest } from './request'

/** What a handler is given besides the event. */
export interface HandlerContext {
  /** Aborted when another worker has taken the event over: stop, its effect is no longer yours. */
  readonly signal: AbortSignal
}

export type Handler<Event extends WebhookEvent> = (event: Event, context: HandlerContext) => unknown

/** Receives one provider's deliveries. */
export interface Receiver<Event extends WebhookEvent = WebhookEvent> {
  /** Proves, parses and types a delivery, and touches no store. Throws a `WebhookError`. */
  verify(request: WebhookRequest): Promise<Event>
  /** Does all of it: proves, claims, calls the handler once per event, and says what to answer. Never rejects. */
  receive(request: WebhookRequest, handler: Handler<Event>): Promise<Outcome<Event>>
}

/** Makes a receiver. Wrong options throw here, at start, never at the first payment. */
export function createReceiver<Event extends WebhookEvent>(options: ReceiverOptions<Event>): Receiver<Event> {
  const settings = parseOptions(options)
  const report = contained(settings.observe)
  const handle = createHandling(settings, report)
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

/** How many handled events are remembered here whose completion the store has not taken yet. */
const maxUnrecorded = 10_000

function createHandling<Event extends WebhookEvent>(
  settings: ReceiverSettings<Event>,
  report: (report: Report) => void,
) {
  const { provider, account, answerWithinMs } = settings
  const acknowledged = acknowledge(provider.acknowledgement)
  const unrecorded = new Set<string>()

  async function run(
    event: Event,
    handler: Handler<Event>,
    lease: LeaseSettings,
    token: string,
  ): Promise<Outcome<Event>> {
    const held = holdLease(lease, token)
    try {
      await handler(event, { signal: held.signal })
    } catch (cause) {
      await held.release()
      const error = new WebhookError(
        'handler_failed',
        'The handler threw; the next delivery of this event is handled again.',
        {
          provider: provider.name,
          cause,
        },
      )
      return { kind: 'failed', event, error, reply: refuse(error) }
    }
    // From here on nothing may turn the answer into a failure: the payment was acted on.
    if (!(await held.complete())) remember(lease.key)
    return { kind: 'processed', event, reply: acknowledged }
  }

  function remember(key: string): void {
    const oldest = unrecorded.values().next()
    if (unrecorded.size >= maxUnrecorded && !oldest.done) unrecorded.delete(oldest.value)
    unrecorded.add(key)
  }

  return async (
    event: Event,
    handler: Handler<Event>,
    reportLater: (outcome: Outcome<Event>) => void,
  ): Promise<Outcome<Event>> => {
    // Fixed before the handler runs: what it does to the event must not move the key.
    const { idempotencyKey } = event
    const key = `${provider.name}:${account}:${idempotencyKey}`
    if (unrecorded.has(key)) return { kind: 'duplicate', event, reply: acknowledged }
    const lease: LeaseSettings = {
      ...settings,
      key,
      report: (type, error) =>
        report({ type, provider: provider.name, account, idempotencyKey, ...(error === undefined ? {} : { error }) }),
    }
    const claimed = await claim(lease)
    switch (claimed.state) {
      case 'completed':
        return { kind: 'duplicate', event, reply: acknowledged }
      case 'in_progress':
        return inProgress(
          event,
          'in_progress',
          'Another delivery of this event is being handled.',
          claimed.retryAfterSeconds,
        )
      case 'acquired':
        return inTime(answerWithinMs, event, run(event, handler, lease, claimed.token), reportLater)
    }
  }
}

/** Answers for a handler that takes too long, and reports what became of it when it has ended. */
async function inTime<Event extends WebhookEvent>(
  answerWithinMs: number | undefined,
  event: Event,
  work: Promise<Outcome<Event>>,
  reportLater: (outcome: Outcome<Event>) => void,
): Promise<Outcome<Event>> {
  if (answerWithinMs === undefined) return work
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), answerWithinMs)
  })
  const outcome = await Promise.race([work, late])
  clearTimeout(timer)
  if (outcome !== undefined) return outcome
  void work.then(reportLater)
  return inProgress(
    event,
    'handler_timeout',
    `The handler took longer than answerWithinMs (${answerWithinMs}); it goes on.`,
  )
}

function inProgress<Event extends WebhookEvent>(
  event: Event,
  code: 'in_progress' | 'handler_timeout',
  hint: string,
  retryAfterSeconds?: number,
): Outcome<Event> {
  const error = new WebhookError(code, hint, { provider: event.provider })
  return { kind: 'in_progress', event, error, reply: refuse(error, retryAfterSeconds) }
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
