import { type ProviderName, type Senders, senderByName } from './senders'
import type { Sender, SentForm } from './senders/sender'

/** What goes over the wire: hand it to `receiver.receive`, to `deliver`, to `fetch`, or to a test client. */
export interface Delivery {
  readonly method: 'POST'
  /** With the sender's own spelling of the names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Forms<N extends ProviderName> = Senders[N]['forms']
type FormName<N extends ProviderName> = keyof Forms<N> & string
type SamplesOf<N extends ProviderName, F> = F extends keyof Forms<N>
  ? Forms<N>[F] extends { samples: infer S }
    ? S
    : never
  : never
/** Distributes over forms: the types of each. */
type EventName<N extends ProviderName, F> = F extends unknown ? keyof SamplesOf<N, F> & string : never
type DataOf<N extends ProviderName, F, T> = F extends unknown
  ? T extends keyof SamplesOf<N, F>
    ? SamplesOf<N, F>[T] extends (serial: string) => infer Data
      ? Data
      : never
    : never
  : never
type SigningOptions<N extends ProviderName> = Senders[N] extends Sender<infer Options, infer _> ? Options : never

/** Any part of an object; arrays whole. */
export type PartOf<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: PartOf<T[K]> | undefined }
    : T

export interface DeliveryOptions<F extends string = string, Data = object> {
  /** Which of the provider's body forms. Default: the first that has the event type. */
  readonly form?: F
  /** Changes to the sample's data, however deep; `undefined` leaves a field out. */
  readonly data?: PartOf<Data>
  /** What makes it this event: twice the same id is twice the same event. Default: a new one each time. */
  readonly id?: string
  /** The time, as a `Date` or in milliseconds since 1970. Default: now. */
  readonly at?: Date | number
  /** How long ago the event happened: this attempt is a late one. Default 0. */
  readonly ageSeconds?: number
  /** How far the sender's clock is ahead; negative: behind. Default 0. */
  readonly skewSeconds?: number
  /** The body as it is, instead of one made from a payload. It is signed, and nothing is added. */
  readonly rawBody?: string
  /** How the sender writes JSON. Default `JSON.stringify`. */
  readonly stringify?: (payload: object) => string
}

/**
 * A delivery as the provider itself makes it, for tests: headers, body and what proves it. The payload is an event type, for
 * realistic sample data of it, or a whole payload of your own; left out: the provider's most usual event.
 *
 * `signDelivery('payqi', 'payment.completed', { secret, data: { metadata: { order_id: 'o_1' } } })`
 */
export function signDelivery<
  const N extends ProviderName,
  const F extends FormName<N> = FormName<N>,
  const T extends EventName<N, F> = EventName<N, F>,
>(
  provider: N,
  payload: T | Readonly<Record<string, unknown>> | undefined,
  options: DeliveryOptions<F, DataOf<N, F, T>> & SigningOptions<N>,
): Delivery {
  return composeDelivery(senderByName[provider], payload, options as DeliveryOptions)
}

/** The same for a sender of any name. */
export function composeDelivery(
  sender: Sender,
  payload: string | object | undefined,
  options: DeliveryOptions,
): Delivery {
  const { at = Date.now(), ageSeconds = 0, skewSeconds = 0, stringify = JSON.stringify } = options
  const attemptAt = new Date(Number(at) + skewSeconds * 1000)
  const eventAt = new Date(attemptAt.getTime() - ageSeconds * 1000)
  const type = typeof payload === 'string' ? payload : sender.usualEvent
  const form = formFor(sender, typeof payload === 'object' ? payload : type, options.form)
  const occasion = { type, eventAt, attemptAt, options, id: options.id ?? newId(form) }
  const made = typeof payload === 'object' ? payload : form.payload({ ...occasion, data: dataOf(form, occasion) })
  const sealed = form.seal?.(made, options) ?? made
  const body = options.rawBody ?? stringify(sealed)
  return { method: 'POST', headers: form.headers(body, parsedOr(options.rawBody, sealed), occasion), body }
}

function formFor({ name, forms }: Sender, payload: string | object, wanted: string | undefined): SentForm<object> {
  const fits = (form: SentForm<object>) =>
    typeof payload === 'string' ? Object.hasOwn(form.samples, payload) : (form.matches?.(payload) ?? true)
  const all = Object.entries(forms)
  const [, form] = all.find(([each, form]) => (wanted === undefined ? fits(form) : each === wanted)) ?? []
  if (form !== undefined && (typeof payload === 'object' || fits(form))) return form
  const known = all.map(([each, { samples }]) => `${each}: ${Object.keys(samples).join(', ')}`).join('; ')
  throw new TypeError(`${name} sends no such event${wanted === undefined ? '' : ' in that form'}. It sends ${known}.`)
}

function dataOf(form: SentForm<object>, { type, id, options }: { type: string; id: string; options: DeliveryOptions }) {
  const sample = form.samples[type]?.(form.idField === undefined ? id.replace(/^[a-z]+_/, '') : id) ?? {}
  return merged(sample, options.data)
}

function newId(form: SentForm<object>): string {
  return form.newId?.() ?? `evt_${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`
}

/** Headers repeat what stands in the body that is really sent. */
function parsedOr(rawBody: string | undefined, payload: object): object {
  if (rawBody === undefined) return payload
  try {
    return Object(JSON.parse(rawBody))
  } catch {
    return {}
  }
}

function merged(sample: object, changes: object | undefined): object {
  const result: Record<string, unknown> = { ...sample }
  for (const [key, change] of Object.entries(changes ?? {})) {
    const known = result[key]
    if (change === undefined) delete result[key]
    else result[key] = isPlain(known) && isPlain(change) ? merged(known, change) : change
  }
  return result
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
