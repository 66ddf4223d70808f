import { type Context, context, type Link, propagation, type SpanContext, trace } from '@opentelemetry/api'
import type { HandlerContext } from '../index'
import { activeContext, quietly, runIn } from './quietly'

/** The trace context in a job's data: only texts of this form go in, and only such are taken out. */
const maxLength = 512
const printable = /^[\x20-\x7e]+$/
const traceparent = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/

/** Where a span belongs, and what it is linked to. */
export interface Place {
  readonly parent: Context
  readonly links: Link[]
}

/** Has the handler's jobs carry the trace that is active when they are made. */
export function carryTrace<Tx>(given: HandlerContext<Tx>): void {
  const { job } = given
  Object.assign(given, {
    job() {
      const made = job.call(given)
      const carried = quietly(activeTrace)
      return carried === undefined ? made : { ...made, data: { ...made.data, trace: carried } }
    },
  })
}

/**
 * Runs `work` in the trace that a job's data belongs to, for workers that call `receiver.decode` and do the rest themselves. Without a
 * trace in the data it just runs it. Returns what `work` returns.
 */
export function inTrace<T>(data: unknown, work: () => T): T {
  return runIn(placeOf(data)?.parent ?? activeContext(), work)
}

/**
 * The place for the span of a job: the delivery's trace goes on. A worker's own span is the parent where it belongs to that trace already,
 * and is linked to where it does not. Nothing where the data carries no trace.
 */
export function placeOf(data: unknown): Place | undefined {
  return quietly(() => {
    const carried = extracted(data)
    const creation = carried && trace.getSpanContext(carried)
    if (carried === undefined || creation === undefined) return undefined
    const active = trace.getSpanContext(context.active())
    if (active?.traceId === creation.traceId) return { parent: context.active(), links: [{ context: creation }] }
    return { parent: carried, links: [creation, active].filter(isSpanContext).map((linked) => ({ context: linked })) }
  })
}

function isSpanContext(given: SpanContext | undefined): given is SpanContext {
  return given !== undefined
}

function activeTrace(): Record<string, string> | undefined {
  const carrier: Record<string, unknown> = {}
  propagation.inject(context.active(), carrier)
  return wellFormed(carrier)
}

/** The active context with the span of the data's trace in it, if there is one. */
function extracted(data: unknown): Context | undefined {
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, 'trace')) return undefined
  const carrier = wellFormed((data as { trace: unknown }).trace)
  if (carrier === undefined) return undefined
  return propagation.extract(trace.deleteSpan(context.active()), carrier)
}

/** What the propagators know of it, in texts of bounded length. */
function wellFormed(carrier: unknown): Record<string, string> | undefined {
  if (typeof carrier !== 'object' || carrier === null) return undefined
  const fields = propagation.fields().flatMap((field) => {
    const value: unknown = Object.hasOwn(carrier, field) ? (carrier as Record<string, unknown>)[field] : undefined
    return typeof value === 'string' && isWellFormed(field, value) ? [[field, value] as const] : []
  })
  return fields.length === 0 ? undefined : Object.fromEntries(fields)
}

function isWellFormed(field: string, value: string): boolean {
  if (value.length > maxLength || !printable.test(value)) return false
  return field !== 'traceparent' || traceparent.test(value)
}
