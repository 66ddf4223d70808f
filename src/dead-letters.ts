import { decodeBase64, encodeBase64 } from './core/bytes'
import { type HeadersInput, readHeader } from './core/headers'
import { once } from './core/once'
import * as z from './core/schema'
import { asking, within } from './deadline'
import { WebhookError, type WebhookErrorCode } from './errors'
import type { IdempotencyStore, Letter } from './stores/store'

/**
 * A genuine delivery that was not handled, kept so that it can be. `JSON.stringify` gives a text that
 * `receiver.replay(JSON.parse(text), handler)` takes.
 */
export interface DeadLetter {
  readonly provider: string
  readonly account: string
  /** The event's idempotency key: what `receiver.replay` takes. */
  readonly id: string
  /** The provider's word for what happened. */
  readonly wireType: string
  /** How often the event was begun. */
  readonly attempts: number
  /** Why it was not handled. Left out where the process ended before the handler did. */
  readonly reason?: WebhookErrorCode
  readonly receivedAt: Date
  /** The headers that its proof needs, and no others. */
  readonly headers: Readonly<Record<string, string>>
  /** The body exactly as it was received. */
  readonly rawBody: Uint8Array
}

/** A delivery in JSON. */
export const written = once(() =>
  z.object({
    provider: z.string(),
    account: z.string(),
    id: z.string(),
    wireType: z.string(),
    attempts: z.number(),
    reason: z.optional(z.string()),
    receivedAt: z.iso.datetime(),
    headers: z.record(z.string(), z.string()),
    rawBody: z.base64(),
  }),
)

export function writeDeadLetter(fields: DeadLetter): DeadLetter {
  const toJSON = () => ({ ...fields, rawBody: encodeBase64(fields.rawBody) })
  return Object.defineProperty({ ...fields }, 'toJSON', { value: toJSON })
}

/** Reads what `JSON.stringify` made of a dead letter, or takes one as it is. Throws `dead_letter_unknown` on anything else. */
export function readDeadLetter(given: unknown): DeadLetter {
  if (isDeadLetter(given)) return given
  const letter = parseWritten(given)
  if (letter !== undefined) return letter
  throw new WebhookError('dead_letter_unknown', 'That is no dead letter, whole and as it was written.')
}

/** The delivery in what `JSON.stringify` made of one; nothing where it is anything else. */
export function parseWritten(given: unknown): DeadLetter | undefined {
  const { success, data } = z.safeParse(written(), given)
  if (!success) return undefined
  const { rawBody, receivedAt, reason, ...rest } = data
  return writeDeadLetter({
    ...rest,
    ...(reason === undefined ? {} : { reason: reason as WebhookErrorCode }),
    receivedAt: new Date(receivedAt),
    rawBody: decodeBase64(rawBody),
  })
}

/** A dead letter as text for a store: in ASCII, whatever character set that has. `excused` is for `askPast`. */
export function sealLetter(letter: DeadLetter, excused = 0): string {
  const text = excused === 0 ? letter : { ...(JSON.parse(JSON.stringify(letter)) as object), excused }
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The dead letter in a store's letter. The store knows better how often it was tried. */
export function openLetter({ text, attempts }: Letter): DeadLetter {
  return readDeadLetter({ ...(JSON.parse(text) as object), attempts })
}

/** What is known of the attempts at an event before this one. */
export interface Past {
  /** How the last one ended that came to an end. */
  readonly reason?: WebhookErrorCode | undefined
  /** Which one that was: what was begun after it came to none. */
  readonly attempts: number
  /** How many were not the event's fault, nor its handler's: a store or a queue was down. */
  readonly excused: number
}

export const unknownPast: Past = { attempts: 0, excused: 0 }

/** The past in the letter that a store has for a key. Nothing is known where there is none, or the store does not answer. */
export async function askPast(
  { letters }: Pick<IdempotencyStore, 'letters'>,
  key: string,
  timeoutMs: number,
): Promise<Past> {
  if (letters === undefined) return unknownPast
  const asked = within(
    timeoutMs,
    asking(() => letters.get(key)),
  )
  return readPast(await asked.catch(() => undefined))
}

function readPast(letter: Letter | undefined): Past {
  try {
    const { success, data } = z.safeParse(past(), JSON.parse(letter?.text ?? 'null'))
    if (success) return { ...data, reason: data.reason as WebhookErrorCode | undefined, excused: data.excused ?? 0 }
  } catch {
    // Not written by us.
  }
  return unknownPast
}

const past = once(() =>
  z.object({ reason: z.optional(z.string()), attempts: z.number(), excused: z.optional(z.number()) }),
)

function isDeadLetter(given: unknown): given is DeadLetter {
  return typeof given === 'object' && given !== null && 'rawBody' in given && given.rawBody instanceof Uint8Array
}

/** Of a delivery's headers, those that its proof needs. */
export function pickHeaders(headers: HeadersInput, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = readHeader(headers, name)
    if (value !== undefined) picked[name] = value
  }
  return picked
}
