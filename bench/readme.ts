import { digits, isReached } from './part'
import type { Finding } from './run'

/** The README with its section "Speed" as this run has it: no figure stands there that is not in the document. */
export function withSpeed(readme: string, findings: readonly Finding[]): string {
  const [before = '', after = ''] = readme.split(/^## Speed\n[\s\S]*?(?=^## )/m)
  if (after !== '') return `${before}${speed(findings)}\n${after}`
  const last = readme.indexOf('\n## Where things are')
  if (last < 0) throw new Error('The README has no place for the section.')
  return `${readme.slice(0, last + 1)}${speed(findings)}\n${readme.slice(last + 1)}`
}

function speed(findings: readonly Finding[]): string {
  const targets = findings.flatMap((finding) => finding.targets ?? [])
  const bars = findings.flatMap((finding) => finding.bars ?? [])
  const ours = bars.find(({ name }) => name === 'payproof')?.times
  const [fastest] = bars.filter(({ name }) => name !== 'payproof' && name !== 'floor').sort((a, b) => a.times - b.times)
  const figureOf = (what: string) => targets.find((target) => target.what === what)?.figure
  const received = figureOf('receive of new events ÷ floor')
  const large = figureOf('verify ÷ floor, 64 KB of items, the slowest provider')
  const slowest = figureOf('verify ÷ floor, 0.6 KB of items, the slowest provider')
  if (
    ours === undefined ||
    fastest === undefined ||
    received === undefined ||
    large === undefined ||
    slowest === undefined
  )
    throw new Error('Not all of it was measured.')
  return `## Speed

![Proving and parsing a webhook of 0.6 KB: payproof, the handler written by hand, other libraries](docs/images/benchmarks.svg)

Of the CPU time of the handler one writes by hand (\`createHmac\`, \`timingSafeEqual\`, \`JSON.parse\`, nothing typed), \`verify\` of PayQI takes ${digits(ours)} at 0.6 KB, types and
freshness included, and that of the slowest provider ${digits(slowest)}, and ${digits(large)} at 64 KB; at 0.6 KB the fastest other library, ${fastest.name}, takes ${digits(fastest.times)}. \`receive\` with the memory store, which also has each event handled once, takes ${digits(received)}.
${targets.filter(isReached).length} of ${targets.length} targets are reached; [docs/benchmarks.md](docs/benchmarks.md) shows all of them, with the
machine, the method and what is not reached, and \`npm run bench\` measures again.
`
}
