import type { JsonObject } from '../core/json'
import { once } from '../core/once'
import type { Schema } from '../core/schema'
import { misconfigured } from '../errors'
import type { Payment, WebhookEvent } from '../event'
import type { Delivery } from '../schemes/scheme'

/** One type of event: what its data looks like, and what it says of a payment. */
export interface EventType<Data> {
  /** No transforms: the event carries the data as it was sent. */
  readonly schema: Schema<Data, Data>
  payment(data: Data): Payment | undefined
}

/** The event types of a form, by the provider's own word. */
export type Catalogue = Readonly<Record<string, EventType<unknown>>>

/** `schema` may be a function that makes it, when the first event of the type comes. */
export function eventType<Data>(
  schema: Schema<Data, Data> | (() => Schema<Data, Data>),
  payment: (data: Data) => Payment | undefined = () => undefined,
): EventType<Data> {
  if (typeof schema !== 'function' && schema?._zod === undefined)
    throw misconfigured('eventType(schema)', 'must be a schema of zod 4, or a function that makes one.')
  return new LazyEventType(typeof schema === 'function' ? once(schema) : () => schema, payment)
}

class LazyEventType<Data> implements EventType<Data> {
  readonly payment: EventType<Data>['payment']
  readonly #schema: () => Schema<Data, Data>

  constructor(schema: () => Schema<Data, Data>, payment: EventType<Data>['payment']) {
    this.#schema = schema
    this.payment = payment
  }

  get schema(): Schema<Data, Data> {
    return this.#schema()
  }
}

/** What every body form has in some place or other. */
export interface Envelope {
  readonly wireType: string
  /** Left out where the form has no id: a hash of the body stands in. */
  readonly id?: string | undefined
  /** What makes two deliveries the same event, where that is more than the id. */
  readonly key?: string | undefined
  /** When the event happened, in milliseconds, where that is proven. */
  readonly timeMs?: number | undefined
  readonly data: unknown
}

/** One shape in which a provider's bodies come. */
export interface Form<Events extends Catalogue, Facts> {
  matches(payload: JsonObject): boolean
  open(payload: JsonObject, delivery: Delivery, facts: Facts): Envelope
  readonly events: Events
}

export function defineForm<Events extends Catalogue, Facts = undefined>(
  form: Form<Events, Facts>,
): Form<Events, Facts> {
  return form
}

export type Forms<Facts> = Readonly<Record<string, Form<Catalogue, Facts>>>

/** The union of a provider's events: one member per form and type, and `unknown` for what may come. */
export type EventsOf<Name extends string, F extends Forms<never>> = {
  [K in keyof F & string]:
    | {
        [T in keyof F[K]['events'] & string]: WebhookEvent<Name, T, DataOf<F[K]['events'][T]>, K>
      }[keyof F[K]['events'] & string]
    | WebhookEvent<Name, 'unknown', unknown, K>
}[keyof F & string]

type DataOf<T> = T extends EventType<infer Data> ? Data : never
