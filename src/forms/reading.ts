import { sha256Hex } from '#hmac'
import { type Drift, printable, unknownFields } from '../core/drift'
import { outsideWindow } from '../core/freshness'
import { assertId, assertName } from '../core/ids'
import type { JsonObject } from '../core/json'
import type { Refusal } from '../core/refusal'
import { safeParse } from '../core/schema'
import { WebhookError } from '../errors'
import { type Payment, type Proof, ProvenEvent } from '../event'
import type { ParsedDelivery } from '../schemes/delivery'
import type { Evidence, ProofContext } from '../schemes/scheme'
import type { Catalogue, Envelope, EventsOf, EventType, Form, Forms } from './form'

/** What reading an event needs to know of its provider. */
export interface Reading<Name extends string, F extends Forms<Facts>, Facts> {
  readonly name: Name
  /** By name; the first that matches is taken. */
  readonly forms: F
  /** Whether an event's time is covered by the signature, or confirmed by the provider's API. */
  readonly timeProof: 'signed' | 'confirmed'
  /** The environment that a delivery says it is from. Held against that of the secret. */
  readonly modeOf?: (payload: JsonObject) => Proof['mode']
  /** Refuses what is proven and not for these settings, before anything of it is read. */
  readonly check?: (payload: JsonObject) => void
}

export interface ReadingContext extends ProofContext {
  /** The oldest event that is still taken: the store remembers at least as long. */
  readonly maxEventAgeSeconds: number
  /** Told of what a proven delivery has that this version does not know. */
  readonly drift?: (drift: Drift) => void
}

/** A form, with its events where words that came over the wire are safe to look for. */
interface NamedForm<Facts> {
  readonly name: string
  readonly form: Form<Catalogue, Facts>
  readonly events: ReadonlyMap<string, EventType<unknown>>
}

/** Makes what gives the event of a proven delivery, or why that is too old; it throws where there is none to be read. */
export function createReader<Name extends string, F extends Forms<Facts>, Facts>(reading: Reading<Name, F, Facts>) {
  const { name: provider, timeProof } = reading
  const forms = namedForms<Facts>(reading.forms)
  return (
    delivery: ParsedDelivery,
    evidence: Evidence<Facts>,
    context: ReadingContext,
  ): EventsOf<Name, F> | Refusal => {
    const payload = delivery.payload()
    reading.check?.(payload)
    const { name: form, form: opened, events } = findForm(forms, payload)
    const envelope = opened.open(payload, delivery, evidence.facts)
    const { wireType, timeMs, data } = envelope
    const stale = staleness(timeMs, context)
    if (stale !== undefined) return stale
    const id = envelope.id ?? `sha256:${sha256Hex(delivery.body)}`
    const idempotencyKey = envelope.key ?? id
    assertId('id', id)
    if (idempotencyKey !== id) assertId('id', idempotencyKey)
    const { type, payment } = typed(events.get(wireType), envelope, context)
    const occurredAt = timeMs === undefined ? undefined : new Date(timeMs)
    const proof = proofOf(evidence, reading.modeOf?.(payload), timeMs === undefined ? undefined : timeProof)
    const fields = { provider, wireType, form, id, idempotencyKey, occurredAt, type, data, payment, proof }
    // The schemas are where the union's types come from: this is the one place that says so.
    return new ProvenEvent(fields, delivery.body) as unknown as EventsOf<Name, F>
  }
}

function namedForms<Facts>(forms: Forms<Facts>): readonly NamedForm<Facts>[] {
  return Object.entries(forms).map(([name, form]) => ({ name, form, events: new Map(Object.entries(form.events)) }))
}

function findForm<Facts>(forms: readonly NamedForm<Facts>[], payload: JsonObject): NamedForm<Facts> {
  for (const named of forms) if (named.form.matches(payload)) return named
  throw new WebhookError('payload_invalid', 'The payload has none of the forms this provider is known to send.')
}

function staleness(
  timeMs: number | undefined,
  { nowMs, maxEventAgeSeconds, toleranceSeconds }: ReadingContext,
): Refusal | undefined {
  if (timeMs === undefined) return undefined
  // Every comparison with NaN is false: such an event would never be too old.
  if (!Number.isFinite(timeMs)) throw new WebhookError('timestamp_malformed', 'The time of the event cannot be read.')
  return outsideWindow(timeMs, nowMs, maxEventAgeSeconds, toleranceSeconds)
}

function typed(
  known: EventType<unknown> | undefined,
  { wireType, data }: Envelope,
  { drift = () => {} }: ReadingContext,
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
const placesOf = (issues: Issues): string[] =>
  issues.slice(0, 5).map(({ path }) => path.map((part) => printable(String(part))).join('.'))

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
