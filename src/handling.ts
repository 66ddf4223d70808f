import { WebhookError } from './errors'
import type { WebhookEvent } from './event'
import { claim, holdLease, type LeaseSettings } from './lease'
import type { Report } from './observe'
import type { ReceiverSettings } from './options'
import type { Outcome } from './outcome'
import { acknowledge, refuse } from './reply'

/** What a handler is given besides the event. */
export interface HandlerContext {
  /** Aborted when another worker has taken the event over: stop, its effect is no longer yours. */
  readonly signal: AbortSignal
  /** How often this event was begun, this time included: 2 and more after a failure or a crash. */
  readonly attempt: number
}

export type Handler<Event extends WebhookEvent> = (event: Event, context: HandlerContext) => unknown

/** How many handled events are remembered here whose completion the store has not taken yet. */
const maxUnrecorded = 10_000

/** Makes the part of a receiver that comes after the proof: claim, handler, completion. */
export function createHandling<Event extends WebhookEvent>(
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
    { token, attempt = 1 }: { token: string; attempt?: number },
  ): Promise<Outcome<Event>> {
    const held = holdLease(lease, token)
    try {
      await handler(event, { signal: held.signal, attempt })
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
        return inTime(answerWithinMs, event, run(event, handler, lease, claimed), reportLater)
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
