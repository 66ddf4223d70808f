import { sha256Hex } from '#hmac'
import { type Attempt, createAttempts, type Handler } from './attempt'
import type { HeadersInput } from './core/headers'
import { type DeadLetter, pickHeaders, sealLetter, writeDeadLetter } from './dead-letters'
import { orLate } from './deadline'
import { isWebhookError, WebhookError, type WebhookErrorCode } from './errors'
import type { WebhookEvent } from './event'
import { claim, holdLease, type Lease, type LeaseSettings } from './lease'
import type { Report } from './observe'
import type { ReceiverSettings } from './options'
import type { Outcome } from './outcome'
import { acknowledge, refuse } from './reply'
import type { Claim } from './stores/store'

/** A proven event, and the delivery that brought it. */
export interface ProvenDelivery<Event extends WebhookEvent> {
  readonly event: Event
  readonly headers: HeadersInput
  /** In milliseconds since 1970. */
  readonly receivedMs: number
  /** Whether it comes from the dead letters, and not from the provider. */
  readonly replayed: boolean
}

/** How many handled events are remembered here whose completion the store has not taken yet. */
const maxUnrecorded = 10_000

/** Makes the part of a receiver that comes after the proof: claim, handler, completion. */
export function createHandling<Event extends WebhookEvent, Tx>(
  settings: ReceiverSettings<Event, Tx>,
  report: (report: Report) => void,
) {
  const { provider, account, answerWithinMs } = settings
  const { run, tell } = createAttempts(settings, report)
  const acknowledged = acknowledge(provider.acknowledgement)
  const deliversOnce = provider.retryHorizonSeconds === 0
  const unrecorded = new Set<string>()
  const beginning = new Set<Promise<unknown>>()
  const running = new Map<Lease, Promise<unknown>>()
  let closing = false

  function remember(key: string): void {
    const oldest = unrecorded.values().next()
    if (unrecorded.size >= maxUnrecorded && !oldest.done) unrecorded.delete(oldest.value)
    unrecorded.add(key)
  }

  /** Runs the handler under a lease, noted until it has ended. */
  function start(attempt: Attempt<Event, Tx>): Promise<Outcome<Event>> {
    const ended = run(attempt).finally(() => running.delete(attempt.held))
    running.set(attempt.held, ended)
    return ended
  }

  async function begin(lease: LeaseSettings, replayed: boolean, letter: LetterOf): Promise<Claim> {
    try {
      if (closing) throw shuttingDown()
      // Kept before the handler runs where nobody will bring it again: the process may end before the handler does.
      const claimed = await claim(lease, deliversOnce || replayed ? sealLetter(letter(0)) : undefined)
      if (!closing || claimed.state !== 'acquired') return claimed
      await holdLease(lease, claimed.token).release()
      throw shuttingDown()
    } catch (caught) {
      const code = isWebhookError(caught) ? caught.code : 'store_unavailable'
      if (deliversOnce && !replayed) await tell(letter(0, code))
      throw caught
    }
  }

  /** Fixed before the handler runs: what it does to the event must move neither the key nor the letter. */
  function fixed({ event, headers: all, receivedMs }: ProvenDelivery<Event>): Fixed {
    const { idempotencyKey, wireType } = event
    const headers = pickHeaders(all, provider.headers)
    const rawBody = new Uint8Array(event.rawBody)
    const about = { provider: provider.name, account }
    return {
      lease: {
        ...settings,
        key: keyOf(settings, idempotencyKey),
        report: (type, error) => report({ type, ...about, idempotencyKey, ...(error === undefined ? {} : { error }) }),
      },
      letter: (attempts, reason) =>
        writeDeadLetter({
          ...about,
          id: idempotencyKey,
          wireType,
          attempts,
          ...(reason === undefined ? {} : { reason }),
          receivedAt: new Date(receivedMs),
          headers,
          rawBody,
        }),
    }
  }

  return {
    async handle(
      delivery: ProvenDelivery<Event>,
      handler: Handler<Event, Tx>,
      reportLater: (outcome: Outcome<Event>) => void,
    ): Promise<Outcome<Event>> {
      const { event, replayed } = delivery
      const { lease, letter } = fixed(delivery)
      const { key } = lease
      if (unrecorded.has(key)) return { kind: 'duplicate', event, reply: acknowledged }
      const began = begin(lease, replayed, letter)
      beginning.add(began)
      const claimed = await began.finally(() => beginning.delete(began))
      switch (claimed.state) {
        case 'completed':
          return { kind: 'duplicate', event, reply: acknowledged }
        case 'in_progress': {
          const hint = 'Another delivery of this event is being handled.'
          return inProgress(event, 'in_progress', hint, claimed.retryAfterSeconds)
        }
        case 'acquired': {
          const held = holdLease(lease, claimed.token)
          const number = claimed.attempt ?? 1
          const work = start({ event, handler, key, held, number, replayed, letter, unrecorded: () => remember(key) })
          return inTime(answerWithinMs, event, work, reportLater)
        }
      }
    },

    /** A proven delivery that nobody can read, and that will not come again. */
    async unreadable(code: WebhookErrorCode, { body, headers, receivedAt }: Unreadable): Promise<void> {
      if (!deliversOnce) return
      const id = `sha256:${sha256Hex(body)}`
      const letter = { provider: provider.name, account, id, wireType: 'unreadable', attempts: 0, reason: code }
      await tell(writeDeadLetter({ ...letter, headers, receivedAt, rawBody: new Uint8Array(body) }))
    },

    async close(drainSeconds: number): Promise<boolean> {
      closing = true
      const ended = await orLate(drainSeconds * 1000, Promise.allSettled([...beginning, ...running.values()]))
      if (ended !== undefined) return true
      await Promise.all([...running.keys()].map((held) => held.abandon()))
      return false
    },
  }
}

function shuttingDown(): WebhookError {
  return new WebhookError('shutting_down', 'This receiver is closing; the next delivery finds another.')
}

interface Unreadable {
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  readonly receivedAt: Date
}

interface Fixed {
  readonly lease: LeaseSettings
  readonly letter: LetterOf
}

type LetterOf = (attempts: number, reason?: WebhookErrorCode) => DeadLetter

/** The store's key of an event: two providers, or two accounts with one, may use the same id. */
export function keyOf(
  { provider, account }: { provider: { readonly name: string }; account: string },
  idempotencyKey: string,
): string {
  return `${provider.name}:${account}:${idempotencyKey}`
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
  const hint = `The handler took longer than answerWithinMs (${answerWithinMs}); it goes on.`
  return inProgress(event, 'handler_timeout', hint)
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
