import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { findBinary } from '../chaos/binaries'
import { type Table, toMarkdown, toText } from '../chaos/table'
import type { Result } from './section'
import { versionOf } from './versions'

export interface Finding extends Result {
  readonly name: string
  readonly seconds: number
}

const root = new URL('../', import.meta.url)

export function print({ name, tables, remarks = [], broken = [], seconds }: Finding): void {
  console.log(`\n== ${name}, ${seconds} s`)
  for (const table of tables) console.log(`\n${toText(table)}`)
  for (const remark of remarks) console.log(remark)
  for (const line of broken) console.log(`DID NOT HOLD  ${line}`)
}

/** Writes the figures into their places in the document. */
export function writeReport(findings: readonly Finding[], quick: boolean): void {
  const page = new URL('docs/scaling.md', root)
  let text = readFileSync(page, 'utf8')
  for (const finding of findings) text = withFigures(text, finding.name, toFigures(finding, quick))
  // The machine is that of what was measured: the model alone measures nothing.
  if (findings.some(({ name }) => name !== 'plan')) text = withFigures(text, 'machine', toMarkdown(machine()))
  writeFileSync(page, text)
  console.log(`Written: ${fileURLToPath(page)}`)
}

/** The page with these figures between the marks of that name. */
export function withFigures(page: string, name: string, figures: string): string {
  const [begin, end] = [`<!-- figures: ${name} -->\n`, `\n<!-- /figures: ${name} -->`]
  const from = page.indexOf(begin)
  const to = page.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`The page has no place for the figures of ${name}.`)
  return `${page.slice(0, from + begin.length)}${figures}${page.slice(to)}`
}

function toFigures({ tables, remarks = [], broken = [], seconds }: Finding, quick: boolean): string {
  const day = new Date().toISOString().slice(0, 10)
  const drawn = tables.map((table) => `${table.title}:\n\n${toMarkdown(table)}`)
  const read = remarks.length === 0 ? [] : [remarks.map((remark) => `- ${remark}`).join('\n')]
  const failed = broken.map((line) => `**Did not hold**: ${line}.`)
  return [`${quick ? 'Quick' : 'Full'} run of ${day}, ${seconds} s.`, ...failed, ...drawn, ...read].join('\n\n')
}

function machine(): Table {
  const [first] = cpus()
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }
  const [, lastFiveMinutes = 0] = loadavg()
  const rows = [
    ['payproof', version],
    [
      'machine',
      `${cpus().length} x ${first?.model.trim() || 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()}`,
    ],
    ['load average of the five minutes before the end', lastFiveMinutes.toFixed(1)],
    ['Node', process.version],
    ['Redis', versionOf(findBinary('redis-server', 'valkey-server'))],
    ['PostgreSQL', versionOf(findBinary('postgres'))],
    ['MariaDB', versionOf(findBinary('mariadbd'))],
  ]
  return { title: '', head: ['', ''], rows }
}
