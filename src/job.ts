import { sha256Hex } from '#hmac'
import { toBytes } from './core/bytes'
import type * as z from './core/schema'
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
  /** What tells it from a dead letter: the receiver that made it has completed the event. */
  readonly type: 'job'
  /** The trace that the delivery belongs to, as `traceparent` and its like. */
  readonly trace?: Readonly<Record<string, string>>
}

/** The job for an event, by its key in the store. */
export function jobOf(key: string, letter: DeadLetter, keepSeconds: number): Job {
  return {
    id: jobIdOf(key),
    keepSeconds,
    data: { type: 'job', ...(JSON.parse(JSON.stringify(letter)) as z.input<ReturnType<typeof written>>) },
  }
}

/** The same for each of the event's deliveries, and fit for any queue. */
export function jobIdOf(key: string): string {
  return sha256Hex(toBytes(key))
}

/** A job's data, and the queue that it was taken from: what `receiver.replay` takes. */
export interface QueuedJob {
  /** The queue's name: jobs are handled once per queue. */
  readonly queue: string
  /** What the queue kept of the job, whoever wrote it there. */
  readonly data: unknown
}

export function isQueuedJob(given: unknown): given is QueuedJob {
  return typeof given === 'object' && given !== null && 'queue' in given && 'data' in given
}

/** Whether it says that it is a job's data. */
export function isJobData(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'type' in given && given.type === 'job'
}

/** Throws `job_invalid` on what does not say that it is a job's data. */
export function assertJobData(given: unknown): void {
  if (!isJobData(given)) throw noJob()
}

function noJob(): WebhookError {
  return new WebhookError('job_invalid', "That is not a job's data, whole and as `context.job()` made it.")
}

/** What keys of this queue's jobs begin with. */
export function keyPartOf({ queue }: QueuedJob): string {
  if (typeof queue !== 'string' || queue === '')
    throw new WebhookError(
      'job_invalid',
      'Name the queue that the job was taken from: `replay({ queue, data }, handler)`.',
    )
  return /^[\w.-]{1,100}$/.test(queue) ? queue : sha256Hex(toBytes(queue))
}

/** The delivery in a job's data. Throws `job_invalid` on anything else, `job_misdirected` on a job for somebody else. */
export function openJob(data: unknown, { provider, account }: Pick<DeadLetter, 'provider' | 'account'>): DeadLetter {
  assertJobData(data)
  const letter = parseWritten(data)
  if (letter === undefined) throw noJob()
  if (letter.provider === provider && letter.account === account) return letter
  throw new WebhookError('job_misdirected', 'It is a job of another provider or account: give it to their receiver.')
}
