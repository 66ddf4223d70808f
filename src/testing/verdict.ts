import type { DeliveryReport, Observer, Report } from '../observe'
import type { Outcome } from '../outcome'
import type { Answer } from './deliver'

/** What became of a delivery, as far as whoever asks can tell. */
export interface Verdict {
  /** `acknowledged`: an answer of 2xx, which does not tell a first delivery from a duplicate. */
  readonly kind: Outcome['kind'] | 'verified' | 'acknowledged' | 'answered'
  readonly code?: string | undefined
  readonly hint?: string | undefined
  /** Which event it was, where it was proven. */
  readonly key?: string | undefined
  readonly status?: number | undefined
}

/** An outcome, an answer of `deliver`, or a report of `observe`. */
export type Judged = Outcome | Answer | (Answer & { readonly outcome: Outcome }) | DeliveryReport

export function verdictOf(value: Judged): Verdict {
  if (typeof value !== 'object' || value === null) throw notJudged()
  if ('kind' in value) return ofOutcome(value)
  if ('durationMs' in value) return { ...value, kind: value.outcome, key: value.idempotencyKey }
  if ('outcome' in value) return ofOutcome(value.outcome)
  if (typeof value.status === 'number') return ofAnswer(value)
  throw notJudged()
}

const notJudged = () =>
  new TypeError('expected an outcome of a receiver, an answer of deliver(), or a delivery report of observe')

function ofOutcome(outcome: Outcome): Verdict {
  const { code, hint } = 'error' in outcome ? outcome.error : {}
  const key = 'event' in outcome ? outcome.event.idempotencyKey : undefined
  return { kind: outcome.kind, code, hint, key, status: outcome.reply.status }
}

function ofAnswer({ status, body }: Answer): Verdict {
  const [, code] = /^\{"error":"(\w+)"\}$/.exec(body) ?? []
  if (status >= 200 && status < 300) return { kind: 'acknowledged', status }
  if (code === 'in_progress') return { kind: 'in_progress', code, status }
  if (code === 'handler_failed') return { kind: 'failed', code, status }
  return {
    kind: status >= 400 && status < 500 ? 'rejected' : 'answered',
    status,
    ...(code === 'unauthorized' ? {} : { code }),
  }
}

export interface Recorder {
  /** For `createReceiver({ observe })`. */
  readonly observe: Observer
  readonly reports: readonly Report[]
  /** What became of each delivery, in order. */
  readonly outcomes: readonly DeliveryReport[]
}

/** Keeps what a receiver reports: from outside, an answer of 200 does not tell a first delivery from a duplicate. */
export function createRecorder(): Recorder {
  const reports: Report[] = []
  return {
    observe: (report) => void reports.push(report),
    reports,
    get outcomes() {
      return reports.filter((report) => report.type === 'delivery')
    },
  }
}
