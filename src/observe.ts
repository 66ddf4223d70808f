import { isPromiseLike } from './core/awaitable'
import type { Drift } from './core/drift'
import type { Explanation } from './diagnosis/explain'
import type { WebhookErrorCode } from './errors'
import type { OutcomeKind } from './outcome'

/** What became of one delivery. Holds nothing of its body, headers or secrets. */
export interface DeliveryReport {
  readonly type: 'delivery'
  readonly provider: string
  readonly account: string
  /** The receiver's method that was called. */
  readonly operation: 'verify' | 'receive' | 'replay' | 'decode'
  /** `verified` where only `verify` was asked. */
  readonly outcome: OutcomeKind | 'verified'
  /** The answer's HTTP status; left out for `verify`, which does not answer. */
  readonly status?: number
  /** Why it was not handled, and what to do about it. */
  readonly code?: WebhookErrorCode
  readonly hint?: string
  /** Of the event, once it is proven. */
  readonly eventType?: string
  readonly wireType?: string
  readonly idempotencyKey?: string
  /** Which of the configured secrets matched. */
  readonly secretId?: string
  readonly durationMs: number
  /** What the handler threw, or what made the store or API fail. Not ours, so it may hold anything. */
  readonly error?: unknown
  /** The bytes of the body, for those who ask. */
  readonly rawBody: () => Uint8Array | undefined
}

/** Something about a claim that needs a person's eye. */
export interface StoreReport {
  /**
   * `lease_lost`: another worker took the event over while the handler ran. `renew_failed`: the store did not answer,
   * tried again. `complete_failed`: handled, but not recorded yet, tried again. `complete_lost`: handled, and could not
   * be recorded: the next delivery of it may be handled again. `release_failed`: blocked until the lease ends.
   * `dead_letter_failed`: `onDeadLetter` did not take it.
   */
  readonly type:
    | 'lease_lost'
    | 'renew_failed'
    | 'complete_failed'
    | 'complete_lost'
    | 'release_failed'
    | 'dead_letter_failed'
  readonly provider: string
  readonly account: string
  readonly idempotencyKey: string
  readonly error?: unknown
}

/** What a provider sends that this version does not know, or not so: told once each. */
export interface DriftReport extends Drift {
  readonly type: 'drift'
  readonly provider: string
  readonly account: string
}

/** Why a delivery did not verify, where `diagnose` is on. */
export interface DiagnosisReport extends Explanation {
  readonly type: 'diagnosis'
  readonly provider: string
  readonly account: string
}

export type Report = DeliveryReport | StoreReport | DriftReport | DiagnosisReport

/** May throw, reject or hang: no delivery fares differently for it. */
export type Observer = (report: Report) => unknown

/** Several as one: what the one does keeps none of the others from being told. */
export function together(observers: readonly Observer[]): Observer {
  const each = observers.map(contained)
  return (report) => {
    for (const tell of each) tell(report)
  }
}

/** Calls an observer so that nothing it does comes back. */
export function contained(observe: Observer): (report: Report) => void {
  return (report) => {
    try {
      const told = observe(report)
      if (isPromiseLike(told)) told.then(undefined, () => {})
    } catch {
      // The observer's own trouble.
    }
  }
}
