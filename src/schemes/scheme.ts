import type { Awaitable } from '../core/awaitable'
import type { HeadersInput } from '../core/headers'
import type { MacKey } from '../core/hmac'
import type { JsonObject } from '../core/json'
import type { Proof } from '../event'

/** One HTTP request of a provider, its body still bytes. */
export interface Delivery {
  readonly headers: HeadersInput
  readonly body: Uint8Array
  /** The body as a JSON object, parsed when first asked for. Not proven by having been parsed. */
  payload(): JsonObject
}

export interface ProofContext {
  /** Now, in milliseconds since 1970. */
  readonly nowMs: number
  /** How far the time of an attempt may be off, either way. */
  readonly toleranceSeconds: number
}

/** What a scheme found out: how the origin is proven, and the facts that the proof brought with it. */
export interface Evidence<Facts> {
  readonly proof: Omit<Proof, 'timestamp'>
  readonly facts: Facts
  /** Whether the proof covers the time of this attempt, so that a late copy of it is refused. */
  readonly attemptTimeSigned?: boolean
}

/** A signing secret made ready for use. */
export interface SigningKey {
  readonly id: string
  readonly notAfterMs: number
  readonly mode: 'test' | 'live' | undefined
  /** What a signature proves that was made with it. */
  readonly evidence: Evidence<undefined>
  readonly mac: MacKey
  /** The secret, for diagnosis alone: a function, so that nothing that prints a key prints it. */
  readonly reveal: () => Uint8Array
}

/** What a diagnosis has to know of a signature. */
export interface SignatureClues {
  readonly proof: 'signature'
  readonly headers: readonly string[]
  readonly keys: readonly SigningKey[]
  readonly signs: readonly ('body' | 'timestamp.body')[]
}

/** A token that a delivery may carry. */
export interface ExpectedToken {
  readonly id: string
  readonly bytes: Uint8Array
  readonly notAfterMs: number
  readonly mode?: 'test' | 'live' | undefined
}

/** What a diagnosis has to know of a token in the body. */
export interface TokenClues {
  readonly proof: 'token'
  readonly fields: readonly string[]
  readonly expected: (payload: JsonObject) => Awaitable<readonly ExpectedToken[]>
  /** The token that is made of a secret for this payload; left out where it is the secret itself. */
  readonly derive?: ((secret: Uint8Array, payload: JsonObject) => Uint8Array) | undefined
}

export type Clues = SignatureClues | TokenClues

/** A way in which a sender proves who it is. `prove` throws a `WebhookError` when it does not. */
export interface Scheme<Facts = undefined> {
  /** Lower-case names of the headers that it reads: what a kept delivery needs to be proven again. */
  readonly headers: readonly string[]
  prove(delivery: Delivery, context: ProofContext): Awaitable<Evidence<Facts>>
  /** The largest body that is read, for a scheme that parses before anything is proven: see `maxUnprovenBytes`. */
  readonly maxBodyBytes?: number
  /** For `explain`. Left out where there is nothing to try. */
  clues?(): Clues
}

/** Anybody may send a body that is parsed before it is proven: parsing it must cost next to nothing. */
export const maxUnprovenBytes = 64 * 1024
