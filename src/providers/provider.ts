import { sha256Hex } from '#hmac'
import { type Awaitable, andThen } from '../core/awaitable'
import { type Drift, unknownFields } from '../core/drift'
import { outsideWindow } from '../core/freshness'
import type { HeadersInput } from '../core/headers'
import { assertId, assertName } from '../core/ids'
import type { JsonObject } from '../core/json'
import { JsonKeys } from '../core/json-keys'
import { once } from '../core/once'
import { judgeOf, Refusal, throwing } from '../core/refusal'
import { type Schema, safeParse } from '../core/schema'
import { misconfigured, WebhookError } from '../errors'
import { type Payment, type Proof, ProvenEvent, type WebhookEvent } from '../event'
import { ParsedDelivery } from '../schemes/delivery'
import type { Clues, Delivery, Evidence, ProofContext, Scheme } from '../schemes/scheme'

/** What the sender gets to see after a delivery was handled. */
export interface Acknowledgement {
  readonly contentType: string
  readonly body: string
}

export interface VerifyContext extends ProofContext {
  /** The oldest event that is still taken: the store remembers at least as long. */
  readonly maxEventAgeSeconds: number
  /** Told of what a proven delivery has that this version does not know. */
  readonly drift?: (drift: Drift) => void
}

/** A payment provider, with its secrets inside. Made by `caspay(…)` and its like, or by `defineProvider`. */
export interface Provider<Event extends WebhookEvent = WebhookEvent> {
  readonly name: string
  readonly acknowledgement: Acknowledgement
  /** How long after the first attempt the provider may still try again. */
  readonly retryHorizonSeconds: number
  /** The largest body that is read, where that must be less than the receiver allows. */
  readonly maxBodyBytes?: number
  /** Lower-case names of the headers that `verify` reads: they are kept with a dead letter. */
  readonly headers: readonly string[]
  /** For `explain`: what to try on a delivery that does not verify. */
  clues?(): Clues
  /** Proves, parses and types one delivery, at once where nobody has to be asked. Throws a `WebhookError`. */
  verify(delivery: { headers: HeadersInput; body: Uint8Array }, context: VerifyContext): Awaitable<Event>
}

/** The event type of a provider: `EventOf<ReturnType<typeof caspay>>`. */
export type EventOf<P> = P extends Provider<infer Event> ? Event : never

/** One type of event: what its data looks like, and what it says of a payment. */
export interface EventType<Data> {
  /** No transforms: the event carries the data as it was sent. */
  readonly schema: Schema<Data>
  payment(data: Data): Payment | undefined
}

/** The event types of a form, by the provider's own word. */
export type Catalogue = Readonly<Record<string, EventType<unknown>>>

/** `schema` may be a function that makes it, when the first event of the type comes. */
export function eventType<Data>(
  schema: Schema<Data> | (() => Schema<Data>),
  payment: (data: Data) => Payment | undefined = () => undefined,
): EventType<Data> {
  return new LazyEventType(typeof schema === 'function' ? once(schema) : () => schema, payment)
}

class LazyEventType<Data> implements EventType<Data> {
  readonly payment: EventType<Data>['payment']
  readonly #schema: () => Schema<Data>

  constructor(schema: () => Schema<Data>, payment: EventType<Data>['payment']) {
    this.#schema = schema
    this.payment = payment
  }

  get schema(): Schema<Data> {
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

export interface ProviderDefinition<Name extends string, F extends Forms<Facts>, Facts, Extras extends object> {
  readonly name: Name
  readonly scheme: Scheme<Facts>
  /** By name; the first that matches is taken. */
  readonly forms: F
  /** Whether an event's time is covered by the signature, or confirmed by the provider's API. */
  readonly timeProof: 'signed' | 'confirmed'
  readonly acknowledgement: Acknowledgement
  readonly retryHorizonSeconds: number
  /** The environment that a delivery says it is from. Held against that of the secret. */
  readonly modeOf?: (payload: JsonObject) => Proof['mode']
  /** Headers that the forms read, besides those of the scheme. */
  readonly headers?: readonly string[]
  /** Set it to `maxUnprovenBytes` where a body has to be parsed before anything is proven. */
  readonly maxBodyBytes?: number
  /** Refuses what is proven and not for these settings, before anything of it is read. */
  readonly check?: (payload: JsonObject) => void
  /** Adds what only this provider's events have. May still refuse the delivery by throwing. */
  readonly extend?: (event: EventsOf<Name, F>, payload: JsonObject, facts: Facts) => Awaitable<Extras>
}

/** Anybody may send a body that is parsed before it is proven: parsing it must cost next to nothing. */
export const maxUnprovenBytes = 64 * 1024

/** Makes a provider out of a scheme and the forms its bodies come in: the road all built-in ones take. */
export function defineProvider<
  const Name extends string,
  F extends Forms<Facts>,
  Facts = undefined,
  Extras extends object = object,
>(definition: ProviderDefinition<Name, F, Facts, Extras>): Provider<EventsOf<Name, F> & Extras> {
  const { name, scheme, acknowledgement, retryHorizonSeconds, maxBodyBytes, headers = [] } = definition
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name))
    throw misconfigured('name', 'must be 1 to 32 lower-case letters, digits or dashes.')
  if (!Number.isFinite(retryHorizonSeconds) || retryHorizonSeconds < 0) {
    throw misconfigured('retryHorizonSeconds', 'must be a number of seconds, 0 or more.')
  }
  const forms = namedForms<Facts>(definition.forms)
  const keys = new JsonKeys()
  return {
    name,
    acknowledgement,
    retryHorizonSeconds,
    headers: [...scheme.headers, ...headers],
    ...(scheme.clues === undefined ? {} : { clues: scheme.clues }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    verify: throwing(({ headers, body }, context) => {
      const delivery = new ParsedDelivery(headers, body, keys)
      return andThen(judgeOf(scheme.prove).call(scheme, delivery, context), (evidence) => {
        if (evidence instanceof Refusal) return evidence
        const event = read(definition, forms, delivery, evidence, context)
        if (event instanceof Refusal) return event
        if (definition.extend === undefined) return event as typeof event & Extras
        const extras = definition.extend(event, delivery.payload(), evidence.facts)
        return andThen(extras, (given) => Object.assign(event, given))
      })
    }),
  }
}

/** A form, with its events where words that came over the wire are safe to look for. */
interface NamedForm<Facts> {
  readonly name: string
  readonly form: Form<Catalogue, Facts>
  readonly events: ReadonlyMap<string, EventType<unknown>>
}

function namedForms<Facts>(forms: Forms<Facts>): readonly NamedForm<Facts>[] {
  return Object.entries(forms).map(([name, form]) => ({ name, form, events: new Map(Object.entries(form.events)) }))
}

function read<Name extends string, F extends Forms<Facts>, Facts, Extras extends object>(
  definition: ProviderDefinition<Name, F, Facts, Extras>,
  forms: readonly NamedForm<Facts>[],
  delivery: ParsedDelivery,
  evidence: Evidence<Facts>,
  context: VerifyContext,
): EventsOf<Name, F> | Refusal {
  const payload = delivery.payload()
  definition.check?.(payload)
  const { name: form, form: opened, events } = findForm(forms, payload)
  const envelope = opened.open(payload, delivery, evidence.facts)
  const { wireType, timeMs } = envelope
  const stale = staleness(timeMs, context)
  if (stale !== undefined) return stale
  const id = envelope.id ?? `sha256:${sha256Hex(delivery.body)}`
  const idempotencyKey = envelope.key ?? id
  assertId('id', id)
  if (idempotencyKey !== id) assertId('id', idempotencyKey)
  const { type, payment } = typed(events.get(wireType), envelope, context)
  const occurredAt = timeMs === undefined ? undefined : new Date(timeMs)
  const proof = proofOf(evidence, definition.modeOf?.(payload), timeMs === undefined ? undefined : definition.timeProof)
  // The schemas are where the union's types come from: this is the one place that says so.
  return new ProvenEvent(
    {
      provider: definition.name,
      wireType,
      form,
      id,
      idempotencyKey,
      occurredAt,
      type,
      data: envelope.data,
      payment,
      proof,
    },
    delivery.body,
  ) as unknown as EventsOf<Name, F>
}

function findForm<Facts>(forms: readonly NamedForm<Facts>[], payload: JsonObject): NamedForm<Facts> {
  for (const named of forms) if (named.form.matches(payload)) return named
  throw new WebhookError('payload_invalid', 'The payload has none of the forms this provider is known to send.')
}

function staleness(
  timeMs: number | undefined,
  { nowMs, maxEventAgeSeconds, toleranceSeconds }: VerifyContext,
): Refusal | undefined {
  return timeMs === undefined ? undefined : outsideWindow(timeMs, nowMs, maxEventAgeSeconds, toleranceSeconds)
}

function typed(
  known: EventType<unknown> | undefined,
  { wireType, data }: Envelope,
  { drift = () => {} }: VerifyContext,
): Typed {
  if (known === undefined) {
    assertName('type', wireType)
    drift({ kind: 'unknown_type', wireType })
    return { type: 'unknown', payment: undefined }
  }
  const { schema } = known
  const result = safeParse(schema, data)
  if (!result.success) {
    for (const path of placesOf(result.error.issues)) drift({ kind: 'misfit', wireType, path })
    throw invalidData(wireType, result.error.issues)
  }
  for (const path of unknownFields(schema, data)) drift({ kind: 'unknown_field', wireType, path })
  return { type: wireType, payment: known.payment(data) }
}

interface Typed {
  readonly type: string
  readonly payment: Payment | undefined
}

type Issues = readonly { readonly path: readonly PropertyKey[] }[]
const placesOf = (issues: Issues): string[] => issues.slice(0, 5).map(({ path }) => path.join('.'))

/** A test event signed with a secret that is for live ones, or the other way round, is somebody's mistake or trick. */
function proofOf(
  { proof: { by, coversBody, secretId, mode: proven }, attemptTimeSigned }: Evidence<unknown>,
  said: Proof['mode'],
  time: Proof['timestamp'] | undefined,
): Proof {
  const mode = proven ?? said
  if (said !== undefined && said !== mode)
    throw new WebhookError('mode_mismatch', `The event is from ${said} mode, its secret is for ${mode}.`)
  const timestamp = time ?? (attemptTimeSigned === true ? 'signed' : 'none')
  const proof: { -readonly [Name in keyof Proof]: Proof[Name] } = { by, coversBody, timestamp }
  if (secretId !== undefined) proof.secretId = secretId
  if (mode !== undefined) proof.mode = mode
  return proof
}

/** Names the places that do not fit, never what stands there. */
function invalidData(type: string, issues: Issues): WebhookError {
  const places = placesOf(issues).map((path) => `\`data${path === '' ? '' : `.${path}`}\``)
  return new WebhookError(
    'payload_invalid',
    `The data of a \`${type}\` event does not fit its schema at ${places.join(', ')}.`,
  )
}
