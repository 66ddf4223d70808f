import type { WebhookError } from './errors'
import type { WebhookEvent } from './event'
import type { DeliveryReport } from './observe'
import type { Outcome } from './outcome'

/** What is noted of a delivery on its way, for its report. */
export interface Trace {
  readonly startedMs: number
  body: Uint8Array | undefined
  /** Noted before the handler runs, which may do to the event what it likes. */
  about: Partial<DeliveryReport>
}

export function startTrace(): Trace {
  return { startedMs: performance.now(), body: undefined, about: {} }
}

export function summary({ provider, account }: { provider: { readonly name: string }; account: string }, trace: Trace) {
  return {
    type: 'delivery',
    provider: provider.name,
    account,
    durationMs: performance.now() - trace.startedMs,
    rawBody: () => trace.body,
  } as const
}

export function fromOutcome(outcome: Outcome): Pick<DeliveryReport, 'outcome'> & Partial<DeliveryReport> {
  return {
    outcome: outcome.kind,
    status: outcome.reply.status,
    ...('error' in outcome ? reason(outcome.error) : {}),
  }
}

export function about({ type, wireType, idempotencyKey, proof }: WebhookEvent): Partial<DeliveryReport> {
  return {
    eventType: type,
    wireType,
    idempotencyKey,
    ...(proof.secretId === undefined ? {} : { secretId: proof.secretId }),
  }
}

export function reason({ code, hint, cause }: WebhookError): Partial<DeliveryReport> {
  return { code, hint, ...(cause === undefined ? {} : { error: cause }) }
}
