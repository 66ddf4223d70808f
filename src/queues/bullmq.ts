import { misconfigured, WebhookError } from '../errors'
import type { Job } from '../job'
import { assertKeepsJobs, assertReplicated, type evenIfEvicted } from './bullmq-redis'
import { type HandOff, type HandOffOptions, handOff } from './hand-off'
import { type HandlerFor, isHopeless, isPassing, type Receivers, work } from './work'

export { evenIfEvicted } from './bullmq-redis'
export type { HandOff, HandOffOptions } from './hand-off'
export type { HandlerFor, Receivers } from './work'

/** A `Queue` of BullMQ 5 or 6. */
export interface BullQueue {
  readonly name: string
  add(name: string, data: Job['data'], options: object): Promise<{ id?: string | undefined }>
}

/** A `Job` of BullMQ. */
export interface BullJob {
  readonly queueName: string
  readonly data: unknown
  moveToDelayed(timestampMs: number, token?: string): Promise<void>
}

/** What is left out is as the queue's `defaultJobOptions` say. */
export interface EnqueueOptions extends HandOffOptions {
  /** How often the handler may fail. Default 18. */
  attempts?: number
  /** Between the attempts. Default exponential, from one second: with 18 attempts about 36 hours. */
  backoff?: number | { type: string; delay?: number; jitter?: number }
  priority?: number
  /** In milliseconds. */
  delay?: number
  lifo?: boolean
  /** Keeps handled jobs longer than the receiver's store remembers the event, in seconds. Never shorter. */
  keepSeconds?: number
  /** Answers 200 only once so many replicas of the queue's Redis have the job: narrows what a failover can lose. Default 0. */
  replicas?: number
  /** Takes a Redis that may drop jobs to make room, or that does not tell. */
  allow?: typeof evenIfEvicted
}

/**
 * A handler that adds every event to a queue of BullMQ, once: the job's id is the event's, and the queue keeps handled jobs as long
 * as the store remembers the event, and failed ones until somebody removes them.
 */
export function enqueue(queue: BullQueue, options: EnqueueOptions = {}): HandOff {
  const { replicas = 0, allow } = options
  for (const name of ['replicas', 'attempts', 'delay', 'keepSeconds'] as const) {
    const { [name]: number = 0 } = options
    if (!Number.isFinite(number) || number < 0)
      throw misconfigured(`enqueue(queue, { ${name} })`, 'must be a number, 0 or more.')
  }
  let keeps = allow !== undefined
  return handOff(options, async (_event, context, signal) => {
    const job = context.job()
    if (!keeps) await assertKeepsJobs(queue)
    keeps = true
    // Nobody waits, or the event was given back: without this a hundred redeliveries would be a hundred jobs to add when the queue comes back.
    signal.throwIfAborted()
    const added = await queue.add(job.data.provider, job.data, optionsOf(job, queue, options))
    if (added.id !== jobIdOf(job))
      throw new WebhookError('queue_unavailable', 'The queue took another job for this one.')
    if (replicas > 0) await assertReplicated(queue, replicas)
  })
}

function optionsOf(job: Job, queue: object, given: EnqueueOptions): object {
  const { attempts, backoff, priority, delay, lifo } = given
  const chosen = Object.entries({ attempts, backoff, priority, delay, lifo }).filter(([, value]) => value !== undefined)
  return {
    attempts: 18,
    backoff: { type: 'exponential', delay: 1000 },
    ...('jobsOpts' in queue && typeof queue.jobsOpts === 'object' ? queue.jobsOpts : {}),
    ...Object.fromEntries(chosen),
    jobId: jobIdOf(job),
    // It would forget the id before the store does.
    deduplication: undefined,
    removeOnComplete: { age: Math.max(job.keepSeconds, given.keepSeconds ?? 0) },
    removeOnFail: false,
  }
}

/** BullMQ refuses ids of digits alone. */
const jobIdOf = ({ id }: Job): string => `w-${id}`

/**
 * The worker's side: `new Worker(name, processor(receiver, handler))`. Calls the handler once per event and queue, also where the
 * receiver shares its store with the one that took the delivery. BullMQ tries again what the handler did not handle, but not what
 * never can be: see `isHopeless` in `payproof/queue`. While store or API do not answer, or another worker has the event, the job
 * waits, and no attempt is used up.
 */
export function processor<R extends Receivers>(
  receivers: R,
  handler: HandlerFor<R>,
): (job: BullJob, token?: string) => Promise<void> {
  return async (job, token) => {
    try {
      await work(receivers, handler, job.queueName, job.data)
    } catch (error) {
      if (isHopeless(error)) throw knownAs('UnrecoverableError', error)
      if (!isPassing(error)) throw error
      await job.moveToDelayed(Date.now() + pauseMs, token)
      throw knownAs('DelayedError', error)
    }
  }
}

const pauseMs = 15_000

/** BullMQ knows these errors by their names. */
function knownAs(name: 'UnrecoverableError' | 'DelayedError', cause: unknown): Error {
  return Object.assign(new Error(cause instanceof Error ? cause.message : '', { cause }), { name })
}
