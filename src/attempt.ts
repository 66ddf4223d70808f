import { type Awaitable, andThen, attempt, isPromiseLike, settled } from './core/awaitable'
import { askPast, type DeadLetter, type Past, sealLetter, unknownPast } from './dead-letters'
import { within } from './deadline'
import { blamesTheEvent, isWebhookError, WebhookError, type WebhookErrorCode } from './errors'
import type { WebhookEvent } from './event'
import { type Job, jobOf } from './job'
import type { Lease } from './lease'
import type { Report } from './observe'
import type { ReceiverSettings } from './options'
import { kindOf, type Outcome } from './outcome'
import { acknowledge, refuse } from './reply'
import { type Transaction, transact } from './transaction'

/** What a handler is given besides the event. */
export interface HandlerContext<Tx = undefined> {
  /** Aborted when another worker has taken the event over, or may have: stop, its effect is no longer yours. */
  readonly signal: AbortSignal
  /**
   * How often this event was begun, this time included: 2 and more after a failure or a crash. It only rises, for as
   * long as the store remembers the event: hand it on as a fencing number where a late worker must be told apart.
   */
  readonly attempt: number
  /**
   * Where the store was asked for transactions: the one that commits together with the event's completion, or not at all.
   * What is written through it happens exactly once.
   */
  readonly tx: Tx
  /** The delivery as a job for a queue, to be handled elsewhere: see `receiver.decode`. */
  readonly job: () => Job
}

export type Handler<Event extends WebhookEvent, Tx = undefined> = (event: Event, context: HandlerContext<Tx>) => unknown

/** One run of a handler. */
export interface Attempt<Event extends WebhookEvent, Tx> {
  readonly event: Event
  readonly handler: Handler<Event, Tx>
  /** The store's key of the event. */
  readonly key: string
  readonly held: Lease
  readonly number: number
  /** Whether the event comes from the dead letters, and not from the provider. */
  readonly replayed: boolean
  /** Whether it was taken from a queue, which keeps it until it is handled. */
  readonly queued: boolean
  readonly letter: (attempts: number, reason?: WebhookErrorCode) => DeadLetter
  /** Called when it is handled, and the store does not know yet. */
  readonly unrecorded: () => void
}

/** Its signal is made when it is asked for, also by whoever copies the context. */
class AttemptContext<Tx> implements HandlerContext<Tx> {
  declare readonly signal: AbortSignal
  readonly attempt: number
  readonly tx: Tx
  readonly job: () => Job
  readonly #held: Lease

  constructor(held: Lease, attempt: number, tx: Tx, job: () => Job) {
    this.attempt = attempt
    this.tx = tx
    this.job = job
    this.#held = held
    Object.defineProperty(this, 'signal', AttemptContext.#signal)
  }

  static readonly #signal = {
    enumerable: true,
    get(this: AttemptContext<unknown>): AbortSignal {
      return this.#held.signal
    },
  }
}

/** Calls the handler. One that has returned at once needs no renewal of its lease. */
function call<Event extends WebhookEvent, Tx>(
  { event, handler, held, number, key, letter }: Attempt<Event, Tx>,
  tx: Tx,
  keepSeconds: number,
): Awaitable<unknown> {
  const context = new AttemptContext(held, number, tx, () => jobOf(key, letter(number), keepSeconds))
  try {
    const working: unknown = handler(event, context)
    if (!isPromiseLike(working)) return
    held.keep()
    return settled(working).then(undefined, handlerFailed)
  } catch (cause) {
    handlerFailed(cause)
  }
}

function handlerFailed(cause: unknown): never {
  // Not the event's fault, nor the handler's: whoever brings it again will find the queue there.
  if (isWebhookError(cause) && cause.code === 'queue_unavailable') throw cause
  const what = isWebhookError(cause) ? `threw ${cause.code}` : 'threw'
  throw new WebhookError('handler_failed', `The handler ${what}; the next delivery is handled again.`, { cause })
}

/** A handler that was told to stop may have stopped half-way: what it returns then is no success. */
function assertNotStopped({ abandoned, interrupted }: Lease): void {
  if (abandoned)
    throw new WebhookError(
      'shutting_down',
      'The receiver closed before the handler came to an end: the event was given back.',
    )
  if (interrupted)
    throw new WebhookError('store_unavailable', 'The lease could not be renewed, so that the handler was told to stop.')
}

/** Makes the part of a receiver that has the event: handler, completion, and what to do when either fails. */
export function createAttempts<Event extends WebhookEvent, Tx>(
  settings: ReceiverSettings<Event, Tx>,
  report: (report: Report) => void,
) {
  const {
    provider,
    account,
    store,
    storeTimeoutMs,
    retentionSeconds,
    maxAttempts = Number.POSITIVE_INFINITY,
    onDeadLetter,
  } = settings
  const acknowledged = acknowledge(provider.acknowledgement)
  const deliversOnce = provider.retryHorizonSeconds === 0

  function begin(attempt: Attempt<Event, Tx>): Awaitable<void> {
    return attempt.number > maxAttempts ? beginUnlessSpent(attempt) : perform(attempt)
  }

  async function beginUnlessSpent(attempt: Attempt<Event, Tx>): Promise<void> {
    if (await isSpent(attempt))
      throw new WebhookError('attempts_exhausted', `The event was begun maxAttempts (${maxAttempts}) times before.`)
    return perform(attempt)
  }

  /** Calls the handler and records that. */
  function perform(attempt: Attempt<Event, Tx>): Awaitable<void> {
    if (store.transaction !== undefined) return commit(attempt, store.transaction.bind(store))
    return andThen(call(attempt, undefined as Tx, retentionSeconds), () => {
      assertNotStopped(attempt.held)
      // From here on nothing may turn the answer into a failure: the payment was acted on.
      return andThen(attempt.held.complete(), (recorded) => {
        if (!recorded) attempt.unrecorded()
      })
    })
  }

  /** Calls the handler and records that in one transaction. */
  async function commit(attempt: Attempt<Event, Tx>, transaction: Transaction<Tx>): Promise<void> {
    const { held } = attempt
    held.keep(true)
    await transact(transaction, storeTimeoutMs, async (tx, complete) => {
      await call(attempt, tx, retentionSeconds)
      assertNotStopped(held)
      if (await held.completeIn(complete)) return
      throw new WebhookError('lease_lost', 'Another worker took the event over: what this one did was rolled back.')
    })
  }

  /** Gives the event back, and keeps the delivery of it. */
  async function fail(attempt: Attempt<Event, Tx>, caught: unknown): Promise<Outcome<Event>> {
    const { event, held, number, replayed, queued, letter } = attempt
    const error = named(caught)
    const reply = refuse(error)
    if (error.code === 'lease_lost') return { kind: 'in_progress', event, error, reply }
    const reason = error.code === 'attempts_exhausted' ? 'handler_failed' : error.code
    // A store that fails has not failed the event: that is for the next delivery.
    const unavailable = kindOf(error.code) === 'unavailable'
    const excused = (await pastOf(attempt)).excused + (unavailable ? 1 : 0)
    const left = queued ? undefined : sealLetter(letter(number, reason), excused)
    const kept = (await held.release(left)) && store.letters !== undefined
    const exhausted = (number - excused >= maxAttempts || blamesTheEvent(error.cause)) && !replayed && !unavailable
    const told = (exhausted || (deliversOnce && !replayed)) && (await tell(letter(number, reason)))
    if (exhausted && (kept || told)) return { kind: 'dead_letter', event, error, reply: acknowledged }
    if (unavailable) return { kind: 'unavailable', error, reply }
    return { kind: 'failed', event, error, reply }
  }

  /** Failed often enough, or begun so often without an end that it must be what ends the process. */
  async function isSpent(attempt: Attempt<Event, Tx>): Promise<boolean> {
    const { number, replayed } = attempt
    if (replayed) return false
    if (store.letters === undefined) return true
    const { reason, attempts, excused } = await pastOf(attempt)
    // What was begun since then and came to no end may have been on its way when the process ended for another reason.
    return reason === 'handler_failed' ? number - excused > maxAttempts : number - 1 - attempts >= 2 * maxAttempts
  }

  /** Asked only where it counts: it costs a round trip. */
  async function pastOf({ key, number, replayed, queued }: Attempt<Event, Tx>): Promise<Past> {
    const counts = Number.isFinite(maxAttempts) && number > 1 && !replayed && !queued
    return counts ? askPast(store, key, storeTimeoutMs) : unknownPast
  }

  function named(caught: unknown): WebhookError {
    const known = isWebhookError(caught)
    const code = known ? caught.code : 'store_unavailable'
    const hint = known ? caught.hint : 'The store failed in a transaction.'
    return new WebhookError(code, hint, { provider: provider.name, cause: known ? caught.cause : caught })
  }

  /** Hands a delivery that nobody will bring again to the merchant's hook. `true` once the hook has taken it. */
  async function tell(letter: DeadLetter): Promise<boolean> {
    if (onDeadLetter === undefined) return false
    try {
      await within(storeTimeoutMs, Promise.resolve(onDeadLetter(letter)))
      return true
    } catch (error) {
      report({ type: 'dead_letter_failed', provider: provider.name, account, idempotencyKey: letter.id, error })
      return false
    }
  }

  return {
    tell,
    run(given: Attempt<Event, Tx>): Awaitable<Outcome<Event>> {
      const { event } = given
      return attempt<Outcome<Event>>(
        () => andThen(begin(given), () => ({ kind: 'processed', event, reply: acknowledged })),
        (caught) => fail(given, caught),
      )
    },
  }
}
