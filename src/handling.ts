import { sha256Hex } from '#hmac'
import { createAttempts, type Handler } from './attempt'
import { type Awaitable, andThen, isPromiseLike } from './core/awaitable'
import type { HeadersInput } from './core/headers'
import { type DeadLetter, pickHeaders, sealLetter, writeDeadLetter } from './dead-letters'
import { orLate } from './deadline'
import { isWebhookError, WebhookError, type WebhookErrorCode } from './errors'
import type { WebhookEvent } from './event'
import { claim, holdLease, type Lease } from './lease'
import type { Report, StoreReport } from './observe'
import type { ReceiverSettings } from './options'
import type { Outcome } from './outcome'
import { acknowledge, refuse } from './reply'
import type { Claim } from './stores/store'

/** A proven event, and the delivery that brought it. */
export interface ProvenDelivery<Event extends WebhookEvent> {
  readonly event: Event
  readonly body: Uint8Array
  readonly headers: HeadersInput
  /** In milliseconds since 1970. */
  readonly receivedMs: number
  /** Whether it comes from the dead letters, and not from the provider. */
  readonly replayed: boolean
  /** The queue that it was taken from, which keeps it until it is handled. */
  readonly queue?: string
}

/** How many handled events are remembered here whose completion the store has not taken yet. */
const maxUnrecorded = 10_000

/** Makes the part of a receiver that comes after the proof: claim, handler, completion. */
export function createHandling<Event extends WebhookEvent, Tx>(
  settings: ReceiverSettings<Event, Tx>,
  report: (report: Report) => void,
) {
  const { provider, account, store, storeTimeoutMs, answerWithinMs } = settings
  const { run, tell } = createAttempts(settings, report)
  const acknowledged = acknowledge(provider.acknowledgement)
  const deliversOnce = provider.retryHorizonSeconds === 0
  const keepsAtOnce = deliversOnce && store.volatile !== true
  const unrecorded = new Set<string>()
  /** What is under way: its lease, if it has one yet, and what it comes to. */
  const open = new Map<{ readonly held: Lease | undefined }, PromiseLike<unknown>>()
  const drained = new Set<() => void>()
  let closing = false

  function remember(key: string): void {
    const oldest = unrecorded.values().next()
    if (unrecorded.size >= maxUnrecorded && !oldest.done) unrecorded.delete(oldest.value)
    unrecorded.add(key)
  }

  function leave(entry: { readonly held: Lease | undefined }): void {
    open.delete(entry)
    if (open.size === 0) for (const tell of drained) tell()
  }

  function begin(entry: Open<Event, Tx>): Awaitable<Outcome<Event>> {
    if (closing) throw shuttingDown()
    const { fixed, delivery } = entry
    return andThen(claim(settings, fixed.key, letterAtOnce(fixed, delivery), lateLetter(entry)), (claimed) =>
      claimed.state === 'acquired' ? hold(entry, claimed) : closed(delivery.event, claimed),
    )
  }

  function hold(
    entry: Open<Event, Tx>,
    { token, attempt }: Extract<Claim, { state: 'acquired' }>,
  ): Awaitable<Outcome<Event>> {
    const { fixed, delivery, handler } = entry
    const { event, replayed, queue } = delivery
    const { key, letter } = fixed
    const held = holdLease(settings, key, token, fixed.report)
    entry.held = held
    if (closing) return held.release().then(() => Promise.reject(shuttingDown()))
    const queued = queue !== undefined
    const unrecorded = () => finishLater(key, held)
    const number = attempt ?? 1
    const work = run({ event, handler, key, held, number, replayed, queued, letter, unrecorded })
    return answerWithinMs === undefined || !isPromiseLike(work) ? work : inTime(entry, work, answerWithinMs)
  }

  /** Handled, and known to be so by nobody but this process, which must not end before the store knows too. */
  function finishLater(key: string, held: Lease): void {
    remember(key)
    if (held.recording === undefined) return
    const recording = { held }
    open.set(recording, held.recording)
    void held.recording.then(() => leave(recording))
  }

  async function inTime(
    entry: Open<Event, Tx>,
    work: PromiseLike<Outcome<Event>>,
    withinMs: number,
  ): Promise<Outcome<Event>> {
    const outcome = await orLate(withinMs, work)
    if (outcome !== undefined) return outcome
    entry.goesOn = work.then(entry.reportLater)
    const hint = `The handler takes longer than ${withinMs} ms; it goes on.`
    return inProgress(entry.delivery.event, 'handler_timeout', hint)
  }

  /** Waited for, and seen through by `close`. */
  async function attend(entry: Open<Event, Tx>, working: PromiseLike<Outcome<Event>>): Promise<Outcome<Event>> {
    open.set(entry, working)
    try {
      return await working
    } catch (caught) {
      // Not claimed: nothing of a handler's comes here.
      const code = isWebhookError(caught) ? caught.code : 'store_unavailable'
      if (deliversOnce && !entry.delivery.replayed) await tell(entry.fixed.letter(0, code))
      throw caught
    } finally {
      if (entry.goesOn === undefined) leave(entry)
      else void entry.goesOn.then(() => leave(entry))
    }
  }

  /** Kept before the handler runs where nobody will bring the event again: the process may end before the handler does. */
  function letterAtOnce({ letter }: Fixed, { replayed, queue }: ProvenDelivery<Event>): string | undefined {
    return queue === undefined && (keepsAtOnce || replayed) ? sealLetter(letter(0)) : undefined
  }

  /** Only what is counted needs to be told from what failed. A queue keeps its own. */
  function lateLetter({ fixed, delivery: { queue } }: Open<Event, Tx>): LetterOf | undefined {
    return queue === undefined && settings.maxAttempts !== undefined ? fixed.letter : undefined
  }

  /** Fixed before the handler runs: what it does to the event must move neither the key nor the letter. */
  function fix({ event, body: rawBody, headers: all, receivedMs, queue }: ProvenDelivery<Event>): Fixed {
    const { idempotencyKey: id, wireType } = event
    const { name } = provider
    const headers = pickHeaders(all, provider.headers)
    return {
      key: keyOf(settings, id, queue),
      report(type, error) {
        const said = { type, provider: name, account, idempotencyKey: id }
        report(error === undefined ? said : { ...said, error })
      },
      letter(attempts, reason) {
        const receivedAt = new Date(receivedMs)
        const said = { provider: name, account, id, wireType, attempts, receivedAt, headers, rawBody }
        return writeDeadLetter(reason === undefined ? said : { ...said, reason })
      },
    }
  }

  return {
    handle(
      delivery: ProvenDelivery<Event>,
      handler: Handler<Event, Tx>,
      reportLater: (outcome: Outcome<Event>) => void,
    ): Awaitable<Outcome<Event>> {
      const fixed = fix(delivery)
      if (unrecorded.has(fixed.key)) return { kind: 'duplicate', event: delivery.event, reply: acknowledged }
      const entry: Open<Event, Tx> = { fixed, delivery, handler, reportLater, held: undefined, goesOn: undefined }
      try {
        const working = begin(entry)
        return isPromiseLike(working) ? attend(entry, working) : working
      } catch (caught) {
        return attend(entry, Promise.reject(caught))
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
      // A handler that closes its own receiver is waited for too.
      await undefined
      if (open.size === 0) return true
      const allEnded = new Promise<true>((resolve) => {
        drained.add(() => resolve(true))
      })
      if (await orLate(drainSeconds * 1000, allEnded)) return true
      const claimed = 2 * storeTimeoutMs
      await Promise.all(Array.from(open, ([{ held }, work]) => held?.abandon() ?? orLate(claimed, ended(work))))
      return false
    },
  }

  function closed(event: Event, claimed: Exclude<Claim, { state: 'acquired' }>): Outcome<Event> {
    if (claimed.state === 'completed') return { kind: 'duplicate', event, reply: acknowledged }
    const hint = 'Another delivery of this event is being handled.'
    return inProgress(event, 'in_progress', hint, claimed.retryAfterSeconds)
  }
}

function ended(work: PromiseLike<unknown>): PromiseLike<unknown> {
  return work.then(undefined, () => {})
}

/** A delivery that is being claimed, or handled under a lease. */
interface Open<Event extends WebhookEvent, Tx> {
  readonly fixed: Fixed
  readonly delivery: ProvenDelivery<Event>
  readonly handler: Handler<Event, Tx>
  readonly reportLater: (outcome: Outcome<Event>) => void
  held: Lease | undefined
  /** The handler, where it goes on after the answer. */
  goesOn: PromiseLike<unknown> | undefined
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
  readonly key: string
  readonly letter: LetterOf
  readonly report: (type: StoreReport['type'], error?: unknown) => void
}

type LetterOf = (attempts: number, reason?: WebhookErrorCode) => DeadLetter

/** The store's key of an event, or of a job for it: two providers, accounts with one, or queues may use the same id. */
export function keyOf(
  { provider, account }: { provider: { readonly name: string }; account: string },
  idempotencyKey: string,
  queue?: string,
): string {
  return `${queue === undefined ? '' : `${queue}/`}${provider.name}:${account}:${idempotencyKey}`
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
