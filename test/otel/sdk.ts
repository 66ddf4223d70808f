import { type Attributes, context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { DataPointType, MeterProvider, type MetricData, MetricReader } from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { rememberText } from '../support/said'

class Reader extends MetricReader {
  protected override async onShutdown() {}
  protected override async onForceFlush() {}
}

/** An SDK that keeps in memory what it is told, registered for the process. */
export function startSdk({ sampler }: { sampler?: Sampler } = {}) {
  stopSdk()
  const exporter = new InMemorySpanExporter()
  const spanProcessors = [new SimpleSpanProcessor(exporter)]
  const reader = new Reader()
  const tracerProvider = new BasicTracerProvider({ spanProcessors, ...(sampler === undefined ? {} : { sampler }) })
  const meterProvider = new MeterProvider({ readers: [reader] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(tracerProvider)
  metrics.setGlobalMeterProvider(meterProvider)
  return {
    /** Those that have ended, in that order. */
    spans: () => exporter.getFinishedSpans().map(heard),
    forget: () => exporter.reset(),
    async measured(): Promise<MetricData[]> {
      const { resourceMetrics, errors } = await reader.collect()
      if (errors.length > 0) throw errors[0]
      const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
      rememberText(JSON.stringify(all))
      return all
    },
  }
}

export type Sdk = ReturnType<typeof startSdk>

export function stopSdk(): void {
  for (const api of [context, propagation, trace, metrics]) api.disable()
}

/** Everything of a span that leaves the process. */
export interface Heard {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parent: string | undefined
  readonly attributes: Attributes
  readonly status: ReadableSpan['status']
  readonly events: ReadableSpan['events']
  readonly links: readonly string[]
}

function heard(span: ReadableSpan): Heard {
  const { traceId, spanId } = span.spanContext()
  const { name, kind, attributes, status, events } = span
  const links = span.links.map((link) => link.context.spanId)
  const told = {
    name,
    kind,
    traceId,
    spanId,
    parent: span.parentSpanContext?.spanId,
    attributes,
    status,
    events,
    links,
  }
  rememberText(JSON.stringify(told))
  return told
}

/** The data points of a metric as `[attributes, value or count]`. */
export function pointsOf(all: readonly MetricData[], name: string): [Attributes, number][] {
  return all
    .filter(({ descriptor }) => descriptor.name === name)
    .flatMap((metric): [Attributes, number][] =>
      metric.dataPointType === DataPointType.HISTOGRAM
        ? metric.dataPoints.map(({ attributes, value }) => [attributes, value.count])
        : metric.dataPoints.map(({ attributes, value }) => [attributes, value as number]),
    )
}

/** Of those points that have these attributes, the sum. */
export function sumOf(all: readonly MetricData[], name: string, having: Attributes = {}): number {
  return pointsOf(all, name)
    .filter(([attributes]) => Object.entries(having).every(([label, value]) => attributes[label] === value))
    .reduce((total, [, value]) => total + value, 0)
}

/** What each data point of a histogram adds up to. */
export function secondsOf(all: readonly MetricData[], name: string): number[] {
  return all.flatMap((metric) =>
    metric.descriptor.name === name && metric.dataPointType === DataPointType.HISTOGRAM
      ? metric.dataPoints.map(({ value }) => value.sum ?? 0)
      : [],
  )
}
