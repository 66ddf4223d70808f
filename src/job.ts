import type * as z from 'zod'
import { sha256Hex } from '#hmac'
import { toBytes } from './core/bytes'
import { type DeadLetter, parseWritten, type written } from './dead-letters'
import { WebhookError } from './errors'

/** A delivery to be handled elsewhere: what a queue keeps of it. */
export interface Job {
  /** 64 hex digits, the same for every delivery of the event: what a queue tells copies apart by. */
  readonly id: string
  /** How long the queue has to remember the id at least: as long as the store remembers the event. */
  readonly keepSeconds: number
  /** What `receiver.decode` and `receiver.replay` take. Holds the body: whoever reads the queue reads it too. */
  readonly data: JobData
}

/** The delivery as it was received, in JSON: its body in base64, and the headers that its proof needs. */
export interface JobData extends Readonly<z.input<ReturnType<typeof written>>> {
  /** The trace that the delivery belongs to, as `traceparent` and its like. */
  readonly trace?: Readonly<Record<string, string>>
}

/** The job for an event, by its key in the store. */
export function jobOf(key: string, letter: DeadLetter, keepSeconds: number): Job {
  return { id: jobIdOf(key), keepSeconds, data: JSON.parse(JSON.stringify(letter)) as JobData }
}

/** Tells nothing of the event, and is the same for each of its deliveries. */
export function jobIdOf(key: string): string {
  return sha256Hex(toBytes(key))
}

/** The delivery in a job's data. Throws `job_invalid` on anything else, and on a job for somebody else. */
export function openJob(data: unknown, { provider, account }: Pick<DeadLetter, 'provider' | 'account'>): DeadLetter {
  const letter = parseWritten(data)
  if (letter === undefined)
    throw new WebhookError('job_invalid', "That is not a job's data, whole and as `context.job()` made it.")
  if (letter.provider === provider && letter.account === account) return letter
  throw new WebhookError('job_invalid', 'It is a job of another provider or account: give it to their receiver.')
}
