import type { Where } from './backends/backend'
import type { ProviderName } from './deliveries'
import type { Fault } from './faults'

/** How long a handler takes before and after its effect: that, or a random part of it. */
export interface Pace {
  readonly beforeMs: number
  readonly afterMs: number
  readonly random: boolean
}

interface Shop {
  readonly where: Where
  readonly leaseSeconds: number
  readonly pace: Pace
  readonly fault?: Fault | undefined
  /** Where every run of a handler is noted before it does anything, whatever becomes of the store. */
  readonly runsFile?: string
  /** The line in that file is the effect, where the store goes down itself. */
  readonly noEffect?: boolean
}

/** Listens for deliveries on a port of its own. */
export interface ServeJob extends Shop {
  readonly role: 'serve'
  readonly provider: ProviderName
  readonly storeTimeoutMs?: number
  readonly drainSeconds?: number
}

/** The same with Powertools' idempotency in the library's place. */
export interface PowertoolsJob extends Shop {
  readonly role: 'powertools'
}

/** Does as it is told by questions: claims, completes. */
export interface ClaimJob {
  readonly role: 'claim'
  readonly where: Where
  readonly fault?: Fault | undefined
}

/** Receives the same delivery many times at once. */
export interface StormJob {
  readonly role: 'storm'
  readonly where: Where
  readonly fault?: Fault | undefined
}

/** Where a queue of BullMQ is. */
export interface QueueAt {
  readonly url: string
  readonly name: string
}

/** Listens for deliveries, and hands them to a queue. */
export interface HandOffJob {
  readonly role: 'handoff'
  readonly where: Where
  readonly queue: QueueAt
  readonly leaseSeconds: number
  /** Kills itself at the first attempt of an event, when the queue has the job and the store does not know yet. */
  readonly dies: boolean
  /** In the way one writes by hand: the queue makes an id for every job. */
  readonly anyId: boolean
  readonly fault?: Fault | undefined
}

export type Job = ServeJob | PowertoolsJob | ClaimJob | StormJob | HandOffJob
