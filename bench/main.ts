import { parseArgs } from 'node:util'
import { findGround } from '../chaos/ground'
import { buildBench, buildPackage } from './build'
import { describe, readLimits, slowParts, writeLimits } from './guard'
import type { Bench } from './part'
import { guarded, type PartName, partNames } from './parts'
import { toLines, writeReport } from './report'
import { type Finding, runPart } from './run'

const usage = `npm run bench -- [--quick] [--guard] [--write] [--no-build] [part ...]

  --quick     fewer rounds: figures that are near, in a fraction of the time
  --guard     a run of seconds for CI: fails when payproof has become much slower against the floor
  --write     writes docs/benchmarks.md, its chart and the README's section, of a run of all parts;
              with --guard, bench/limits.json instead: the figures of the guard are those that it measures itself
  --no-build  measures dist as it is
  --help      this text

Parts: ${partNames.join(', ')}.
Takes the servers at REDIS_URL and POSTGRES_URL or at the usual local addresses, or scratch ones from PATH.`

const flag = { type: 'boolean', default: false } as const
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: flag, guard: flag, write: flag, 'no-build': flag, help: flag },
})
// A run that is stopped takes along what it started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
if (flags.help) console.log(usage)
else process.exit(await main(chosen()))

function chosen(): readonly PartName[] {
  const unknown = positionals.filter((name) => !partNames.some((part) => part === name))
  if (unknown.length > 0) giveUp(`No such part: ${unknown.join(', ')}`)
  if (flags.write && positionals.length > 0) giveUp('--write is of a run of all parts: one page, one run.')
  if (flags.guard && positionals.length > 0) giveUp('--guard knows its parts.')
  if (flags.guard) return guarded
  return partNames.filter((name) => positionals.length === 0 || positionals.includes(name))
}

function giveUp(why: string): never {
  console.error(`${why}\n\n${usage}`)
  process.exit(2)
}

async function main(wanted: readonly PartName[]): Promise<number> {
  if (!flags['no-build']) {
    console.log('Building the package …')
    await buildPackage()
  }
  const folder = await buildBench()
  const ground = wanted.includes('stores') ? await findGround(['redis', 'postgres']) : { urls: {}, end: async () => {} }
  try {
    const findings = await runAll(folder, wanted, ground.urls)
    if (flags.guard && !flags.write) return await guard(findings, (parts) => runAll(folder, parts, ground.urls))
    const failed = findings.filter((finding) => finding.failed !== undefined)
    // A part that failed is written down as that.
    if (flags.write && !flags.guard) writeReport(findings, flags.quick)
    if (flags.write && flags.guard && failed.length === 0) writeLimits(findings)
    if (failed.length > 0)
      console.error(`\nDid not come to their end: ${failed.map(({ part }) => part.name).join(', ')}.`)
    return failed.length > 0 ? 1 : 0
  } finally {
    await ground.end()
  }
}

async function runAll(folder: string, wanted: readonly PartName[], urls: Bench['urls']): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const part of wanted) {
    console.log(`\n== ${part}`)
    const { quick, guard } = flags
    const finding = await runPart(folder, { part, quick: quick || guard, guard, pace: paceOf(), urls }, console.log)
    console.log(guard ? '' : toLines(finding))
    findings.push(finding)
  }
  return findings
}

function paceOf(): Bench['pace'] {
  if (flags.guard) return { rounds: 11, sliceMs: 8, warmUpMs: 400 }
  return flags.quick ? { rounds: 9, sliceMs: 10, warmUpMs: 300 } : { rounds: 31, sliceMs: 20, warmUpMs: 800 }
}

/** Fails on what is too slow twice: the second look is at a fresh process. */
async function guard(
  findings: readonly Finding[],
  again: (parts: readonly PartName[]) => Promise<Finding[]>,
): Promise<number> {
  const limits = readLimits()
  const tell = (told: readonly Finding[]) => {
    for (const { part, failed, checks = [] } of told) {
      if (failed !== undefined) console.log(`FAILED    ${part.name}: ${failed}`)
      for (const check of checks) console.log(describe(check, limits))
    }
  }
  tell(findings)
  const slow = slowParts(findings, limits)
  if (slow.length === 0) return 0
  console.log('\nOnce more:')
  const second = await again(guarded.filter((name) => slow.some(({ part }) => part.name === name)))
  tell(second)
  const still = slowParts(second, limits)
  if (still.length === 0) return 0
  console.error(
    `\nMuch slower against the floor than bench/limits.json says: ${still.map(({ part }) => part.name).join(', ')}.
If that is meant, \`npm run bench -- --guard --write\` on a quiet machine writes the new figures.`,
  )
  return 1
}
