import { WebhookError } from './errors'
import type { WebhookEvent } from './event'
import { claim, holdLease, type Lease, type LeaseSettings } from './lease'
import type { Report } from './observe'
import type { ReceiverSettings } from './options'
import type { Outcome } from './outcome'
import { acknowledge, refuse } from './reply'
import type { Claim } from './stores/store'

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
  const running = new Map<Lease, Promise<unknown>>()
  let closing = false

  async function run(
    event: Event,
    handler: Handler<Event>,
    held: Lease,
    key: string,
    attempt: number,
  ): Promise<Outcome<Event>> {
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
    if (!(await held.complete())) remember(key)
    return { kind: 'processed', event, reply: acknowledged }
  }

  function remember(key: string): void {
    const oldest = unrecorded.values().next()
    if (unrecorded.size >= maxUnrecorded && !oldest.done) unrecorded.delete(oldest.value)
    unrecorded.add(key)
  }

  /** Runs the handler under a lease, noted until it has ended. */
  function start(
    event: Event,
    handler: Handler<Event>,
    lease: LeaseSettings,
    claimed: Acquired,
  ): Promise<Outcome<Event>> {
    const held = holdLease(lease, claimed.token)
    const work = run(event, handler, held, lease.key, claimed.attempt ?? 1).finally(() => running.delete(held))
    running.set(held, work)
    return work
  }

  function leaseSettings(idempotencyKey: string): LeaseSettings {
    const about = { provider: provider.name, account, idempotencyKey }
    return {
      ...settings,
      key: `${provider.name}:${account}:${idempotencyKey}`,
      report: (type, error) => report({ type, ...about, ...(error === undefined ? {} : { error }) }),
    }
  }

  return {
    async handle(
      event: Event,
      handler: Handler<Event>,
      reportLater: (outcome: Outcome<Event>) => void,
    ): Promise<Outcome<Event>> {
      // Fixed before the handler runs: what it does to the event must not move the key.
      const lease = leaseSettings(event.idempotencyKey)
      if (unrecorded.has(lease.key)) return { kind: 'duplicate', event, reply: acknowledged }
      if (closing) throw new WebhookError('shutting_down', 'This receiver is closing; the next delivery finds another.')
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
          return inTime(answerWithinMs, event, start(event, handler, lease, claimed), reportLater)
      }
    },

    async close(drainSeconds: number): Promise<boolean> {
      closing = true
      const ended = await orLate(drainSeconds * 1000, Promise.allSettled(running.values()))
      if (ended !== undefined) return true
      await Promise.all([...running.keys()].map((held) => held.abandon()))
      return false
    },
  }
}

type Acquired = Extract<Claim, { state: 'acquired' }>

/** What the work comes to, or `undefined` if that takes longer. The work goes on all the same. */
async function orLate<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  const result = await Promise.race([work, late])
  clearTimeout(timer)
  return result
}

/** Answers for a handler that takes too long, and reports what became of it when it has ended. */
async function inTime<Event extends WebhookEvent>(
  answerWithinMs: number | undefined,
  event: Event,
  work: Promise<Outcome<Event>>,
  reportLater: (outcome: Outcome<Event>) => void,
): Promise<Outcome<Event>> {
  if (answerWithinMs === undefined) return work
  const outcome = await orLate(answerWithinMs, work)
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
