import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Table, toMarkdown, toText } from '../../../chaos/table'
import type { Finding, Settings } from './course'
import { percentile } from './record'
import type { Attempt } from './sender'

const columns = [
  ['200', ({ status }: Attempt) => status === 200],
  ['409', ({ status }: Attempt) => status === 409],
  ['502', ({ status }: Attempt) => status === 502],
  ['503', ({ status }: Attempt) => status === 503],
  ['refused or broken', ({ status }: Attempt) => status === 0],
  ['no answer', ({ status }: Attempt) => status === -1],
] as const

function answers({ record }: Finding): Table {
  const rows = record.stretches.map(({ phase, attempts }) => [
    phase.name,
    ...columns.map(([, holds]) => attempts.filter(holds).length),
    percentile(attempts, 0.5),
    percentile(attempts, 0.99),
  ])
  return {
    title: 'What the senders were answered, by what had just happened when they sent',
    head: ['phase', ...columns.map(([name]) => name), 'p50 ms', 'p99 ms'],
    rows,
  }
}

function counts({ events, record, caspay, extra, lost }: Finding): Table {
  return {
    title: 'What became of it',
    head: ['', 'number'],
    rows: [
      ['events', events.length],
      ['of them payments', events.filter(({ paid }) => paid).length],
      ['deliveries sent', record.attempts.length],
      ['payments lost', lost],
      ['payments fulfilled twice', extra],
      ["CasPay's deliveries that were not answered 200", caspay.all],
      ['of them handled all the same', caspay.handledAnyway],
      ['of them kept, and replayed by the operator', caspay.replayed],
      ['of them never in the shop, and sent again', caspay.neverReached],
      ['p50 of the answers while everything ran, ms', percentile(record.whileUp, 0.5)],
      ['p99 of the answers while everything ran, ms', percentile(record.whileUp, 0.99)],
    ],
  }
}

export function toLines(finding: Finding): string {
  const p99 = percentile(finding.record.whileUp, 0.99)
  return `${toText(answers(finding))}

${toText(counts(finding))}

p99 while everything ran: ${p99} ms, of ${finding.record.whileUp.length} deliveries (target: under 100 ms, ${p99 < 100 ? 'reached' : 'not reached'}).`
}

const page = new URL('../README.md', import.meta.url)
const block = /(<!-- figures -->\n)[\s\S]*(<!-- end of figures -->)/

/** Puts the figures into the README beside this folder, in the place that is marked for them. */
export function writeReport(finding: Finding, { events, perSecond }: Settings, seconds: number): void {
  const [first] = cpus()
  const machine = `${cpus().length} x ${first?.model.trim() || 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()}, Node ${process.version}`
  const options = `--events ${events} --rate ${perSecond}`
  const text = `Written by \`npm run shop:prove -- ${options} --write\` on ${new Date().toISOString().slice(0, 10)}, in ${seconds} s, on
${machine}.

${toMarkdown(counts(finding))}

${answers(finding).title}:

${toMarkdown(answers(finding))}
`
  const before = readFileSync(page, 'utf8')
  if (!block.test(before)) throw new Error('The README has no place for the figures.')
  writeFileSync(
    page,
    before.replace(block, (_, start: string, end: string) => `${start}\n${text}\n${end}`),
  )
  console.log(`Written: ${fileURLToPath(page)}`)
}
