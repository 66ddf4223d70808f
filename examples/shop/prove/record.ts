import type { ShopEvent } from './events'
import type { Phase } from './phases'
import type { Attempt } from './sender'

/** A phase as it went. */
export interface Stretch {
  readonly phase: Phase
  readonly fromMs: number
  /** When something was ended. */
  harmedMs?: number
  /** When everything ran again, and a second for clients to find it. */
  mendedMs?: number
  readonly attempts: Attempt[]
}

/** Every delivery and its answer, by the phase in which it was sent. */
export class Record {
  readonly stretches: Stretch[] = []
  /** CasPay's that were not answered 200: it does not come again. */
  readonly refusedOnce = new Map<ShopEvent, Attempt>()

  begin(phase: Phase): Stretch {
    const stretch = { phase, fromMs: performance.now(), attempts: [] }
    this.stretches.push(stretch)
    return stretch
  }

  note(attempt: Attempt): void {
    this.stretches.findLast(({ fromMs }) => fromMs <= attempt.sentMs)?.attempts.push(attempt)
    if (attempt.status !== 200 && attempt.event.provider === 'caspay') this.refusedOnce.set(attempt.event, attempt)
  }

  get attempts(): Attempt[] {
    return this.stretches.flatMap(({ attempts }) => attempts)
  }

  /** Those that found everything running, from being sent to being answered. */
  get whileUp(): Attempt[] {
    return this.attempts.filter(({ sentMs, tookMs }) =>
      this.stretches.every(
        ({ harmedMs = Number.POSITIVE_INFINITY, mendedMs = 0 }) => sentMs + tookMs < harmedMs || sentMs > mendedMs,
      ),
    )
  }
}

/** In milliseconds, of those that were answered. */
export function percentile(attempts: readonly Attempt[], share: number): number {
  const took = attempts.filter(({ status }) => status > 0).map(({ tookMs }) => tookMs)
  took.sort((a, b) => a - b)
  return Math.round((took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0) * 10) / 10
}
