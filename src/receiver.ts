import type { Handler } from './attempt'
import { type DeadLetter, openLetter, pickHeaders, readDeadLetter } from './dead-letters'
import { within } from './deadline'
import { forProvider, isWebhookError, WebhookError } from './errors'
import type { WebhookEvent } from './event'
import { createHandling, keyOf, type ProvenDelivery } from './handling'
import { contained } from './observe'
import { parseOptions, type ReceiverOptions, type ReceiverSettings } from './options'
import { kindOf, type Outcome } from './outcome'
import { refuse } from './reply'
import { readRequest, type WebhookRequest } from './request'
import { about, fromOutcome, reason, startTrace, summary, type Trace } from './trace'

/** Receives one provider's deliveries. `Tx` is the transaction that handlers get, where the store was asked for one. */
export interface Receiver<Event extends WebhookEvent = WebhookEvent, Tx = undefined> {
  /** Proves, parses and types a delivery, and touches no store. Throws a `WebhookError`. */
  verify(request: WebhookRequest): Promise<Event>
  /** Does all of it: proves, claims, calls the handler once per event, and says what to answer. Never rejects. */
  receive(request: WebhookRequest, handler: Handler<Event, Tx>): Promise<Outcome<Event>>
  /**
   * Has a dead letter handled: given by its id, or as it was handed to `onDeadLetter`. It is proven again, as of the time
   * when it was received, claimed, and dropped once it is handled. Never rejects.
   */
  replay(letter: string | DeadLetter, handler: Handler<Event, Tx>): Promise<Outcome<Event>>
  /** This provider's and account's deliveries that were kept because they were not handled, and that nobody is handling. */
  deadLetters(): AsyncIterable<DeadLetter>
  /** Drops a dead letter that is not to be handled. `false`: there is none by that id, or somebody is handling it. */
  discard(id: string): Promise<boolean>
  /**
   * Begins no event any more (503), and waits for the handlers that run. Those that take longer than `drainSeconds`
   * (default 10) are told by their `signal`, and their events given back. Resolves with whether all came to an end.
   */
  close(options?: { drainSeconds?: number }): Promise<boolean>
}

/** Makes a receiver. Wrong options throw here, at start, never at the first payment. */
export function createReceiver<Event extends WebhookEvent, Tx = undefined>(
  options: ReceiverOptions<Event, Tx>,
): Receiver<Event, Tx> {
  const settings = parseOptions(options)
  const report = contained(settings.observe)
  const { handle, close } = createHandling(settings, report)
  const { letters } = settings.store

  /** From the proof to the outcome, with one report for it. */
  async function settle(
    prove: (trace: Trace) => Promise<ProvenDelivery<Event>>,
    handler: Handler<Event, Tx>,
  ): Promise<Outcome<Event>> {
    const trace = startTrace()
    const reportOutcome = (outcome: Outcome<Event>) =>
      report({ ...summary(settings, trace), ...trace.about, ...fromOutcome(outcome) })
    const outcome = await prove(trace)
      .then((delivery) => handle(delivery, handler, reportOutcome))
      .catch((caught): Outcome<Event> => refused(asWebhookError(settings.provider.name, caught)))
    reportOutcome(outcome)
    return outcome
  }

  /** Throws `store_unavailable` when the store fails or gives no answer in time. */
  async function fromStore<T>(answer: Promise<T> | undefined): Promise<T | undefined> {
    if (answer === undefined) return undefined
    return within(settings.storeTimeoutMs, answer).catch((cause) => {
      if (isWebhookError(cause)) throw cause
      throw new WebhookError('store_unavailable', 'The store failed at its letters.', { cause })
    })
  }

  async function findLetter(id: string): Promise<DeadLetter> {
    const found = await fromStore(letters?.get(keyOf(settings, id)))
    if (found !== undefined) return openLetter(found)
    throw new WebhookError('dead_letter_unknown', 'There is no dead letter by that id: it was handled or discarded.')
  }

  return {
    async verify(request) {
      const trace = startTrace()
      try {
        const { event } = await prove(settings, request, trace, settings.now)
        report({ ...summary(settings, trace), ...trace.about, outcome: 'verified' })
        return event
      } catch (caught) {
        const error = asWebhookError(settings.provider.name, caught)
        report({ ...summary(settings, trace), outcome: kindOf(error.code), ...reason(error) })
        throw error
      }
    },
    receive: (request, handler) => settle(async (trace) => prove(settings, request, trace, settings.now), handler),
    replay: (given, handler) =>
      settle(async (trace) => {
        const letter = typeof given === 'string' ? await findLetter(given) : readDeadLetter(given)
        const { headers, rawBody, receivedAt } = letter
        return {
          ...(await prove(settings, { headers, body: rawBody }, trace, () => receivedAt.getTime())),
          replayed: true,
        }
      }, handler),
    async *deadLetters() {
      const prefix = keyOf(settings, '')
      let after = ''
      for (;;) {
        const page = (await fromStore(letters?.list(prefix, after, pageSize))) ?? []
        for (const letter of page) yield openLetter(letter)
        const last = page.at(-1)
        if (last === undefined || page.length < pageSize) return
        after = last.key
      }
    },
    discard: async (id) => (await fromStore(letters?.discard(keyOf(settings, id)))) ?? false,
    close: ({ drainSeconds = 10 } = {}) => close(drainSeconds),
  }
}

/** How many letters are read at once. */
const pageSize = 100

async function prove<Event extends WebhookEvent, Tx>(
  settings: ReceiverSettings<Event, Tx>,
  request: WebhookRequest,
  trace: Trace,
  now: () => number,
): Promise<ProvenDelivery<Event>> {
  const { provider, toleranceSeconds, maxEventAgeSeconds } = settings
  const body = await readRequest(request, settings)
  trace.body = body
  const nowMs = now()
  // Every comparison with NaN is false: no time would ever be too old.
  if (!Number.isFinite(nowMs))
    throw new WebhookError('configuration_invalid', '`now` must give milliseconds since 1970.')
  const { headers } = request
  const event = await provider.verify({ headers, body }, { nowMs, toleranceSeconds, maxEventAgeSeconds })
  trace.about = about(event)
  const receivedAt = new Date(nowMs)
  return { event, headers: pickHeaders(headers, provider.headers), receivedAt, replayed: false }
}
function refused<Event extends WebhookEvent>(error: WebhookError): Outcome<Event> {
  return { kind: kindOf(error.code), error, reply: refuse(error) }
}

function asWebhookError(provider: string, caught: unknown): WebhookError {
  const error = forProvider(provider, caught)
  if (isWebhookError(error)) return error
  return new WebhookError('internal_error', 'Something threw that should not have.', { provider, cause: caught })
}
