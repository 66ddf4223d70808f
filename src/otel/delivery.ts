import { type Attributes, SpanKind } from '@opentelemetry/api'
import { isPromiseLike, settled } from '../core/awaitable'
import type { DeliveryReport, Handler, HandlerContext, Outcome, OutcomeKind, WebhookEvent } from '../index'
import { type About, errorTypeOf, eventAttributes } from './about'
import { carryTrace, type Place } from './carry'
import { activeContext, quietly, runIn } from './quietly'
import { end, type Watch, type Watched } from './watch'

type Operation = DeliveryReport['operation']

/** What needs the merchant: a refusal of what strangers send does not. */
const troubles: readonly OutcomeKind[] = ['failed', 'dead_letter', 'unavailable', 'misuse']

/**
 * `receive` and `replay` process a message that was pushed: CONSUMER, by the conventions for messaging, beneath the SERVER span of the
 * framework. `verify` and `decode` hand the event back, and are INTERNAL.
 */
const kinds: { readonly [Name in Operation]: SpanKind } = {
  receive: SpanKind.CONSUMER,
  replay: SpanKind.CONSUMER,
  verify: SpanKind.INTERNAL,
  decode: SpanKind.INTERNAL,
}

/** A delivery under way: its span, and its place among those that are. */
export class WatchedDelivery {
  readonly #watch: Watch
  readonly #about: About
  readonly #watched: Watched
  readonly #left: () => void
  /** Noted before the handler runs, which may do to the event what it likes. */
  #noted: Attributes | undefined

  constructor(watch: Watch, about: About, operation: Operation, place?: Place) {
    this.#watch = watch
    this.#about = about
    const options = { kind: kinds[operation], attributes: startOf(about, operation), links: place?.links ?? [] }
    this.#watched = watch.start(`${nameOf(operation)} ${about.provider}`, options, place?.parent ?? activeContext())
    this.#left = enter(watch, { ...about.labels, 'payproof.operation': operation })
  }

  /** Runs the receiver in the delivery's span. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return runIn(this.#watched.where, work)
  }

  end(kind: DeliveryReport['outcome'], event?: WebhookEvent, code?: string): void {
    this.#left()
    const noted = this.#noted ?? (event && this.#note(event))
    const why = code === undefined ? {} : { 'payproof.code': code }
    const isTrouble = troubles.some((trouble) => trouble === kind)
    end(this.#watched, { ...noted, ...why, 'payproof.outcome': kind }, isTrouble ? code : undefined)
  }

  endWith<Event extends WebhookEvent>(outcome: Outcome<Event>): Outcome<Event> {
    const event = 'event' in outcome ? outcome.event : undefined
    this.end(outcome.kind, event, 'error' in outcome ? outcome.error.code : undefined)
    return outcome
  }

  /** The handler in a span of its own, whose jobs carry the trace on. */
  handler<Event extends WebhookEvent, Tx>(handler: Handler<Event, Tx>): Handler<Event, Tx> {
    return (event, given) => {
      const running = this.#startHandler(event, given)
      const ended = (thrown?: { readonly cause: unknown }) => this.#endHandler(running, thrown)
      try {
        return runIn(running.watched.where, () => {
          const working: unknown = handler(event, given)
          if (isPromiseLike(working)) return settled(working).then(returned, threw)
          ended()
          return working
        })
      } catch (cause) {
        return threw(cause)
      }

      function returned<T>(value: T): T {
        ended()
        return value
      }

      function threw(cause: unknown): never {
        ended({ cause })
        throw cause
      }
    }
  }

  #startHandler<Tx>(event: WebhookEvent, given: HandlerContext<Tx>) {
    this.#noted = this.#note(event)
    const attributes = { ...this.#noted, 'payproof.attempt': given.attempt }
    const watched = this.#watch.start(`handle ${this.#about.provider}`, { attributes }, this.#watched.where)
    carryTrace(given)
    return { watched, type: event.type, startedMs: performance.now() }
  }

  #endHandler({ watched, type, startedMs }: Running, thrown?: { readonly cause: unknown }): void {
    const labels = { ...this.#about.labels, 'payproof.event.type': this.#about.typeOf(type) }
    const result = thrown === undefined ? 'returned' : 'threw'
    const seconds = (performance.now() - startedMs) / 1000
    quietly(() =>
      this.#watch.instruments?.handlerDuration.record(seconds, { ...labels, 'payproof.handler.result': result }),
    )
    if (thrown !== undefined && this.#watch.recordsHandlerErrors)
      quietly(() => watched.span?.recordException(thrown.cause as Error))
    end(watched, {}, thrown && (quietly(() => errorTypeOf(thrown.cause)) ?? 'Error'))
  }

  /** Nothing where nobody will see it. */
  #note(event: WebhookEvent): Attributes | undefined {
    return this.#watched.recording ? quietly(() => eventAttributes(this.#about, event)) : undefined
  }
}

interface Running {
  readonly watched: Watched
  readonly type: string
  readonly startedMs: number
}

function nameOf(operation: Operation): string {
  return kinds[operation] === SpanKind.CONSUMER ? 'process' : operation
}

function startOf({ provider, account }: About, operation: Operation): Attributes {
  return {
    'messaging.system': 'payproof',
    'messaging.destination.name': provider,
    'messaging.operation.name': nameOf(operation),
    'payproof.operation': operation,
    ...(kinds[operation] === SpanKind.CONSUMER ? { 'messaging.operation.type': 'process' } : {}),
    ...(account === '' ? {} : { 'payproof.account': account }),
  }
}

/** Counts it among those under way until it leaves. */
function enter(watch: Watch, labels: Attributes): () => void {
  const active = watch.instruments?.activeDeliveries
  quietly(() => active?.add(1, labels))
  return () => quietly(() => active?.add(-1, labels))
}
