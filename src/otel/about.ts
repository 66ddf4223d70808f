import type { Attributes } from '@opentelemetry/api'
import { keyOf } from '../handling'
import { isWebhookError, type WebhookEvent } from '../index'
import { jobIdOf } from '../job'

/** What all telemetry of a receiver says of it. */
export interface About {
  readonly provider: string
  readonly account: string
  /** On every measurement. */
  readonly labels: Attributes
  /** The event type as far as it may be said. */
  readonly typeOf: (type: string) => string
  readonly secretOf: (id: string) => string
}

/** More than any provider has types, or any rotation secrets: beyond it somebody makes them up. */
const maxValues = 100

export function aboutReceiver(provider: string, account: string): About {
  const labels = { 'payproof.provider': provider, ...(account === '' ? {} : { 'payproof.account': account }) }
  return { provider, account, labels, typeOf: bounded(), secretOf: bounded() }
}

/** Each value gives a time series of its own, for ever. */
function bounded(): (value: string) => string {
  const seen = new Set<string>()
  return (value) => {
    if (!seen.has(value) && seen.size >= maxValues) return 'other'
    seen.add(value)
    return value
  }
}

/** What spans say of an event: nothing that it says of itself. Its id is the one that its jobs have. */
export function eventAttributes({ provider, account, typeOf, secretOf }: About, event: WebhookEvent): Attributes {
  const { secretId } = event.proof
  return {
    'payproof.event.type': typeOf(event.type),
    'messaging.message.id': jobIdOf(keyOf({ provider: { name: provider }, account }, event.idempotencyKey)),
    ...(secretId === undefined ? {} : { 'payproof.secret.id': secretOf(secretId) }),
  }
}

/** A code of ours, or the class of what was thrown: its text may hold anything. */
export function errorTypeOf(thrown: unknown): string {
  if (isWebhookError(thrown)) return thrown.code
  if (typeof thrown !== 'object' || thrown === null) return typeof thrown
  const made: unknown = Object.getPrototypeOf(thrown)?.constructor?.name
  return typeof made === 'string' && /^[A-Za-z_$][\w$]{0,63}$/.test(made) ? made : 'Error'
}
