import type { Handler } from './attempt'
import { type Awaitable, andThen, attempt, isPromiseLike, settled } from './core/awaitable'
import { type DeadLetter, pickHeaders } from './dead-letters'
import { isWebhookError, misconfigured, type WebhookError } from './errors'
import type { WebhookEvent } from './event'
import { createHandling, type ProvenDelivery } from './handling'
import { isQueuedJob, keyPartOf, openJob, type QueuedJob } from './job'
import { contained } from './observe'
import { parseOptions, type ReceiverOptions } from './options'
import { kindOf, type Outcome } from './outcome'
import { asWebhookError, createProof } from './proof'
import { createDeadLetters } from './replay'
import { refuse } from './reply'
import { lasting, type WebhookRequest } from './request'
import { reportOf, reportOfOutcome, startTrace, type Trace } from './trace'

/** Receives one provider's deliveries. `Tx` is the transaction that handlers get, where the store was asked for one. */
export interface Receiver<Event extends WebhookEvent = WebhookEvent, Tx = undefined> {
  /** Proves, parses and types a delivery, and touches no store. Throws a `WebhookError`. */
  verify(request: WebhookRequest): Promise<Event>
  /** Does all of it: proves, claims, calls the handler once per event, and says what to answer. Never rejects. */
  receive(request: WebhookRequest, handler: Handler<Event, Tx>): Promise<Outcome<Event>>
  /**
   * Has a dead letter handled: given by its id, or as it was handed to `onDeadLetter`. It is proven again, as of the time when it was
   * received, claimed, and dropped once it is handled. Or a job, `{ queue, data }`: handled once per queue, under a key of its
   * own, since the receiver that made it has completed the event's, maybe in the same store. Never rejects.
   */
  replay(letter: string | DeadLetter | QueuedJob, handler: Handler<Event, Tx>): Promise<Outcome<Event>>
  /**
   * The event in a job's data, on the side of the worker: the same as the handler had that made the job. Nothing in it is
   * believed but the time when it was received, as of which it is proven again. Throws a `WebhookError`. A queue may hand out a job
   * twice: `replay` handles it once, and `processor` of `payproof/queue`.
   */
  decode(data: unknown): Promise<Event>
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
  const { handle, unreadable, close } = createHandling(settings, report)
  const { prove } = createProof(settings, report)
  const deadLetters = createDeadLetters(settings, report)

  /** From the proof to the outcome, with one report for it. */
  function settle(
    trace: Trace,
    prove: () => Awaitable<ProvenDelivery<Event> | WebhookError>,
    handler: Handler<Event, Tx>,
  ): Awaitable<Outcome<Event>> {
    const reported = (outcome: Outcome<Event>) => {
      report(reportOfOutcome(settings, trace, outcome))
      return outcome
    }
    const settled = attempt<Outcome<Event>>(
      () =>
        andThen(prove(), (delivery) =>
          isWebhookError(delivery) ? refused(delivery) : handle(delivery, handler, reported),
        ),
      (caught) => refused(asWebhookError(settings.provider.name, caught)),
    )
    return andThen(settled, reported)
  }

  function proveAndTell(request: WebhookRequest, trace: Trace): Awaitable<ProvenDelivery<Event> | WebhookError> {
    return andThen(prove(request, trace), (proven) =>
      isWebhookError(proven) && isUnreadable(proven)
        ? tellOfUnreadable(request, trace, proven).then(() => proven)
        : proven,
    )
  }

  /** Tells the merchant of what is proven and cannot be read, where it will not come again. */
  async function tellOfUnreadable(request: WebhookRequest, { body }: Trace, { code }: WebhookError): Promise<void> {
    if (body === undefined) return
    const headers = pickHeaders(request.headers, settings.provider.headers)
    await unreadable(code, { body, headers, receivedAt: new Date(settings.now()) })
  }

  function proveAgain({ headers, rawBody: body, receivedAt }: DeadLetter, trace: Trace) {
    return prove({ headers, body }, trace, () => receivedAt.getTime())
  }

  async function proveLetter(
    given: string | DeadLetter | QueuedJob,
    trace: Trace,
  ): Promise<ProvenDelivery<Event> | WebhookError> {
    const job = isQueuedJob(given) ? { queue: keyPartOf(given), letter: deadLetters.queued(given.data) } : undefined
    const proven = await proveAgain(job?.letter ?? (await deadLetters.find(given)), trace)
    if (isWebhookError(proven)) return proven
    return { ...proven, replayed: true, ...(job === undefined ? {} : { queue: job.queue }) }
  }

  /** From the proof to the event, with one report for it. */
  function eventOf(trace: Trace, prove: () => Awaitable<ProvenDelivery<Event> | WebhookError>): Promise<Event> {
    const proven = attempt(prove, (caught) => asWebhookError(settings.provider.name, caught))
    return isPromiseLike(proven) ? settled(proven).then((delivery) => told(trace, delivery)) : told(trace, proven)
  }

  function told(trace: Trace, proven: ProvenDelivery<Event> | WebhookError): Promise<Event> {
    if (isWebhookError(proven)) {
      report(reportOf(settings, trace, kindOf(proven.code), undefined, proven))
      return rejected(proven)
    }
    report(reportOf(settings, trace, 'verified'))
    return Promise.resolve(proven.event)
  }

  return {
    verify(request) {
      const trace = startTrace('verify')
      return eventOf(trace, () => prove(lasting(request), trace))
    },
    async receive(request, handler) {
      const trace = startTrace('receive')
      return settle(trace, () => proveAndTell(lasting(request), trace), handler)
    },
    async replay(letter, handler) {
      const trace = startTrace('replay')
      return settle(trace, () => proveLetter(letter, trace), handler)
    },
    decode(data) {
      const trace = startTrace('decode')
      const { name } = settings.provider
      return eventOf(trace, () => proveAgain(openJob(data, { provider: name, account: settings.account }), trace))
    },
    deadLetters: deadLetters.list,
    discard: deadLetters.discard,
    async close({ drainSeconds = 10 } = {}) {
      if (typeof drainSeconds === 'number' && drainSeconds >= 0) return close(drainSeconds)
      throw misconfigured('close({ drainSeconds })', 'must be a number of seconds, 0 or more.')
    },
  }
}

/** Not before somebody can have begun to wait for it: of what is rejected earlier Node keeps account, which costs as much as a MAC. */
function rejected(error: WebhookError): Promise<never> {
  return new Promise((_, reject) => void Promise.resolve(error).then(reject))
}

/** Proven, and of no use as it is. */
function isUnreadable({ code }: WebhookError): boolean {
  return code === 'payload_malformed' || code === 'payload_invalid' || code === 'id_invalid'
}

function refused<Event extends WebhookEvent>(error: WebhookError): Outcome<Event> {
  return { kind: kindOf(error.code), error, reply: refuse(error) }
}
