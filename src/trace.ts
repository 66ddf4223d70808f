import type { WebhookError } from './errors'
import type { WebhookEvent } from './event'
import type { DeliveryReport } from './observe'
import type { Outcome } from './outcome'

interface EventNote {
  readonly eventType: string
  readonly wireType: string
  readonly idempotencyKey: string
  readonly secretId: string | undefined
}

/** What is noted of a delivery on its way, for its report. */
export interface Trace {
  readonly operation: DeliveryReport['operation']
  readonly startedMs: number
  body: Uint8Array | undefined
  /** Noted before the handler runs, which may do to the event what it likes. */
  event: EventNote | undefined
}

export function startTrace(operation: Trace['operation']): Trace {
  return { operation, startedMs: performance.now(), body: undefined, event: undefined }
}

export function note(trace: Trace, { type, wireType, idempotencyKey, proof: { secretId } }: WebhookEvent): void {
  trace.event = { eventType: type, wireType, idempotencyKey, secretId }
}

type Reported = { -readonly [Name in keyof DeliveryReport]: DeliveryReport[Name] }

/** The report of a delivery. Put together field by field: it is made for every one, heard or not. */
export function reportOf(
  settings: { readonly provider: { readonly name: string }; readonly account: string },
  trace: Trace,
  outcome: DeliveryReport['outcome'],
  status?: number,
  error?: WebhookError,
): DeliveryReport {
  const report: Reported = {
    type: 'delivery',
    provider: settings.provider.name,
    account: settings.account,
    operation: trace.operation,
    outcome,
    durationMs: performance.now() - trace.startedMs,
    rawBody: () => trace.body,
  }
  if (status !== undefined) report.status = status
  if (trace.event !== undefined) addEvent(report, trace.event)
  if (error !== undefined) addReason(report, error)
  return report
}

/** The report of what became of a delivery, and of its answer. */
export function reportOfOutcome(
  settings: Parameters<typeof reportOf>[0],
  trace: Trace,
  outcome: Outcome,
): DeliveryReport {
  return reportOf(settings, trace, outcome.kind, outcome.reply.status, 'error' in outcome ? outcome.error : undefined)
}

function addEvent(report: Reported, { eventType, wireType, idempotencyKey, secretId }: EventNote): void {
  report.eventType = eventType
  report.wireType = wireType
  report.idempotencyKey = idempotencyKey
  if (secretId !== undefined) report.secretId = secretId
}

function addReason(report: Reported, { code, hint, cause }: WebhookError): void {
  report.code = code
  report.hint = hint
  if (cause !== undefined) report.error = cause
}
