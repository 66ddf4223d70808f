import { type Awaitable, andThen } from '../core/awaitable'
import type { HeadersInput } from '../core/headers'
import type { JsonObject } from '../core/json'
import { JsonKeys } from '../core/json-keys'
import { hasMethods } from '../core/methods'
import { judgeOf, Refusal, throwing } from '../core/refusal'
import { misconfigured } from '../errors'
import type { WebhookEvent } from '../event'
import type { EventsOf, Forms } from '../forms/form'
import { createReader, type Reading, type ReadingContext } from '../forms/reading'
import { ParsedDelivery } from '../schemes/delivery'
import type { Clues, Scheme } from '../schemes/scheme'

/** What the sender gets to see after a delivery was handled. */
export interface Acknowledgement {
  readonly contentType: string
  readonly body: string
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
  verify(delivery: { headers: HeadersInput; body: Uint8Array }, context: ReadingContext): Awaitable<Event>
}

/** The oldest event that is taken where nothing else is said, in seconds: three days, or for as long as the provider tries again. */
export function usualMaxAge({ retryHorizonSeconds }: Provider): number {
  return Math.max(3 * 86_400, retryHorizonSeconds)
}

/** The event type of a provider: `EventOf<ReturnType<typeof caspay>>`. */
export type EventOf<P> = P extends Provider<infer Event> ? Event : never

export interface ProviderDefinition<Name extends string, F extends Forms<Facts>, Facts, Extras extends object>
  extends Reading<Name, F, Facts> {
  readonly scheme: Scheme<Facts>
  readonly acknowledgement: Acknowledgement
  readonly retryHorizonSeconds: number
  /** Headers that the forms read, besides those of the scheme. */
  readonly headers?: readonly string[]
  /** The largest body that is read, where that must be less than the receiver and the scheme allow. */
  readonly maxBodyBytes?: number
  /** Adds what only this provider's events have. May still refuse the delivery by throwing. */
  readonly extend?: (event: EventsOf<Name, F>, payload: JsonObject, facts: Facts) => Awaitable<Extras>
}

/** Makes a provider out of a scheme and the forms its bodies come in: the road all built-in ones take. */
export function defineProvider<
  const Name extends string,
  F extends Forms<Facts>,
  Facts = undefined,
  Extras extends object = object,
>(definition: ProviderDefinition<Name, F, Facts, Extras>): Provider<EventsOf<Name, F> & Extras> {
  assertDefined(definition)
  const { name, scheme, acknowledgement, retryHorizonSeconds, headers = [] } = definition
  const maxBodyBytes = smaller(definition.maxBodyBytes, scheme.maxBodyBytes)
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name))
    throw misconfigured('name', 'must be 1 to 32 lower-case letters, digits or dashes.')
  if (!Number.isFinite(retryHorizonSeconds) || retryHorizonSeconds < 0) {
    throw misconfigured('retryHorizonSeconds', 'must be a number of seconds, 0 or more.')
  }
  const read = createReader(definition)
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
        const event = read(delivery, evidence, context)
        if (event instanceof Refusal) return event
        if (definition.extend === undefined) return event as typeof event & Extras
        const extras = definition.extend(event, delivery.payload(), evidence.facts)
        return andThen(extras, (given) => Object.assign(event, given))
      })
    }),
  }
}

/** Types say it too, to those who have them. */
function assertDefined({
  scheme,
  forms,
  timeProof,
  acknowledgement,
}: Partial<Record<keyof Definition, unknown>>): void {
  if (!hasMethods(scheme, ['prove']))
    throw misconfigured('scheme', 'is missing, such as bodySignature({ headers, keys }).')
  if (typeof forms !== 'object' || forms === null || Object.keys(forms).length === 0)
    throw misconfigured('forms', 'must hold one at the least, made by defineForm.')
  if (timeProof !== 'signed' && timeProof !== 'confirmed')
    throw misconfigured('timeProof', "must be 'signed' or 'confirmed'.")
  const { contentType, body } = (acknowledgement ?? {}) as Partial<Acknowledgement>
  if (typeof contentType !== 'string' || typeof body !== 'string')
    throw misconfigured('acknowledgement', 'must have a contentType and a body.')
}

type Definition = ProviderDefinition<string, Forms<unknown>, unknown, object>

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
}
