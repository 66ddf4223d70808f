import { readFileSync, writeFileSync } from 'node:fs'
import type { Finding } from './report'
import type { Facts } from './section'

const file = new URL('measured.json', import.meta.url)

/** What the last run that was written down has measured: so that the model can be asked again without measuring anew. */
export function readFacts(): Partial<Facts> {
  return JSON.parse(readFileSync(file, 'utf8')) as Partial<Facts>
}

export function writeFacts(findings: readonly Finding[]): void {
  const facts = Object.assign({}, readFacts(), ...findings.map((finding) => finding.facts ?? {}))
  writeFileSync(file, `${JSON.stringify(facts, null, 2)}\n`)
}
