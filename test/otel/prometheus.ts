import { DataPointType, type MetricData } from '@opentelemetry/sdk-metrics'
import { createInstrumentedReceiver } from '../../src/otel'
import { perform } from './perform'
import { plays } from './plays'
import { startSdk, stopSdk } from './sdk'
import { storePlays } from './store-plays'

/** By label, the values that were measured with it. */
export type Labels = ReadonlyMap<string, ReadonlySet<string>>

/** Everything that is measured when everything happens. */
export async function measureAll(): Promise<MetricData[]> {
  const sdk = startSdk()
  for (const play of [...plays, ...storePlays]) await perform((options) => createInstrumentedReceiver(options), play)
  const all = await sdk.measured()
  stopSdk()
  return all
}

/** The series of a metric as OpenTelemetry's rules for Prometheus name them. */
export function seriesOf({ descriptor: { name, unit }, ...metric }: MetricData): string[] {
  const base = `${name.replaceAll('.', '_')}${unit === 's' ? '_seconds' : unit.startsWith('{') ? '' : `_${unit}`}`
  if (metric.dataPointType === DataPointType.HISTOGRAM) return ['_bucket', '_sum', '_count'].map((end) => base + end)
  return metric.dataPointType === DataPointType.SUM && metric.isMonotonic ? [`${base}_total`] : [base]
}

/** The labels of a metric, as Prometheus names them. */
export function labelsOf(metric: MetricData): Labels {
  const labels = new Map<string, Set<string>>()
  for (const { attributes } of metric.dataPoints)
    for (const [name, value] of Object.entries(attributes)) {
      const label = name.replaceAll('.', '_')
      labels.set(label, (labels.get(label) ?? new Set()).add(String(value)))
    }
  if (metric.dataPointType === DataPointType.HISTOGRAM) labels.set('le', new Set())
  return labels
}

/** What a query asks for: each series with its matchers, and the labels that are grouped by. */
export interface Asked {
  readonly series: readonly { readonly name: string; readonly matchers: readonly (readonly [string, string[]])[] }[]
  readonly by: readonly string[]
}

export function readQuery(query: string): Asked {
  const by = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(', '))
  const ungrouped = query.replace(/\bby \([^)]*\)/g, '')
  const series = [...ungrouped.matchAll(/\b([a-z]\w*_\w+)(?:\{([^}]*)\})?(?!\w|\()/g)].map(
    ([, name = '', inside = '']) => ({
      name,
      matchers: [...inside.matchAll(/(\w+)=~?"([^"]*)"/g)].map(
        ([, label = '', values = '']) => [label, values.split('|')] as const,
      ),
    }),
  )
  return { series, by }
}
