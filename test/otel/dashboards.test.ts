import { readFileSync } from 'node:fs'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import { beforeAll, describe, expect, it } from 'vitest'
import { statusOfCode } from '../../src/errors'
import { readYaml } from '../support/yaml'
import { type Labels, labelsOf, measureAll, readQuery, seriesOf } from './prometheus'

const read = (file: string) => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8')

interface Dashboard {
  panels: { title: string; targets: { expr: string; legendFormat: string }[] }[]
  templating: { list: { name: string; type: string; query: string | { query: string } }[] }
}
interface Rules {
  groups: { name: string; rules: { alert: string; expr: string; for: string; labels: object; annotations: object }[] }[]
}
const dashboard = JSON.parse(read('observability/grafana-dashboard.json')) as Dashboard
const { groups } = readYaml(read('observability/alerts.yaml')) as Rules
const rules = groups.flatMap((group) => group.rules)

let all: MetricData[] = []
let emitted: ReadonlyMap<string, Labels> = new Map()
beforeAll(async () => {
  all = await measureAll()
  emitted = new Map(all.flatMap((metric) => seriesOf(metric).map((name) => [name, labelsOf(metric)])))
}, 60_000)

/** Values of which not every one comes up when everything happens once. */
const named: Record<string, readonly string[]> = {
  payproof_code: Object.keys(statusOfCode),
  payproof_provider: ['$provider'],
}

function problemsOf(query: string, legend = ''): string[] {
  const { series, by } = readQuery(query)
  const shown = [...legend.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)].map(([, label = '']) => label)
  const wrong = series.length === 0 ? ['asks for nothing'] : []
  for (const { name, matchers } of series) {
    const labels = emitted.get(name)
    if (labels === undefined) wrong.push(`no series ${name}`)
    for (const label of by) if (labels?.has(label) === false) wrong.push(`${name} has no label ${label}`)
    for (const [label, values] of matchers)
      for (const value of values)
        if (!labels?.get(label)?.has(value) && !named[label]?.includes(value))
          wrong.push(`${name} has no ${label}=${value}`)
  }
  for (const label of shown) if (!by.includes(label)) wrong.push(`shows ${label}, which is grouped away`)
  if (query.split('(').length !== query.split(')').length) wrong.push('parentheses')
  return wrong
}

describe('the dashboard', () => {
  it.each(dashboard.panels)('$title: asks for what is measured', ({ targets }) => {
    expect(targets.length).toBeGreaterThan(0)
    for (const { expr, legendFormat } of targets) expect([expr, problemsOf(expr, legendFormat)]).toEqual([expr, []])
  })

  it('lets one choose the data source and the provider', () => {
    const [source, provider] = dashboard.templating.list
    expect(source).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' })
    const { query } = (provider?.query ?? {}) as { query: string }
    const [, name = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? []
    expect(emitted.get(name)?.has(label)).toBe(true)
    const uids = [...read('observability/grafana-dashboard.json').matchAll(/"uid": "([^"]*)"/g)].map(([, uid]) => uid)
    expect(uids.filter((uid = '') => uid !== 'payproof' && !/^\$\{datasource\}$/.test(uid))).toEqual([])
  })

  it('shows every metric', () => {
    const asked = dashboard.panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => readQuery(expr).series.map(({ name }) => name)),
    )
    const unseen = all.filter((metric) => !seriesOf(metric).some((name) => asked.includes(name)))
    expect(unseen.map(({ descriptor }) => descriptor.name)).toEqual(['payproof.delivery.duration'])
  })
})

describe('the alerts', () => {
  it.each(rules)('$alert asks for what is measured', ({ expr, annotations, labels, ...rule }) => {
    expect(problemsOf(expr, JSON.stringify(annotations))).toEqual([])
    expect(rule.for).toMatch(/^\d+[mhd]$/)
    expect(Object.keys({ ...annotations, ...labels })).toEqual(['summary', 'description', 'severity'])
  })

  it('would be found wrong', () => {
    expect(problemsOf('sum by (payproof_code) (rate(payproof_made_up_total[5m]))')).toEqual([
      'no series payproof_made_up_total',
    ])
    expect(
      problemsOf('sum by (payproof_kind) (rate(payproof_deliveries_total{payproof_outcome="lost"}[5m]))', '{{le}}'),
    ).toEqual([
      'payproof_deliveries_total has no label payproof_kind',
      'payproof_deliveries_total has no payproof_outcome=lost',
      'shows le, which is grouped away',
    ])
  })
})

describe('docs/observability.md', () => {
  const page = read('observability.md')

  it('has a row for every metric, with its unit and its labels', () => {
    const rows = [...page.matchAll(/^\| `(payproof\.[\w.]+)` \| (\w+) \| `([^`]+)` \| (.*) \|/gm)].map(
      ([, name, kind, unit, labels = '']) => ({
        name,
        kind,
        unit,
        labels: [...labels.matchAll(/`(payproof\.[\w.]+)`/g)].map(([, label]) => label).sort(),
      }),
    )
    const measured = all.map((metric) => ({
      name: metric.descriptor.name,
      kind: seriesOf(metric).length === 3 ? 'histogram' : seriesOf(metric)[0]?.endsWith('_total') ? 'counter' : 'gauge',
      unit: metric.descriptor.unit,
      labels: [...new Set(metric.dataPoints.flatMap(({ attributes }) => Object.keys(attributes)))].sort(),
    }))
    const byName = (one: { name: string | undefined }, other: { name: string | undefined }) =>
      String(one.name) < String(other.name) ? -1 : 1
    expect(rows.sort(byName)).toEqual(measured.sort(byName))
  })
})
