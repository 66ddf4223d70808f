import { parseArgs } from 'node:util'
import { findGround } from './ground'
import { type Finding, writeReport } from './report'
import { type Bench, clearAll, type Scenario } from './scenario'
import { claims } from './scenarios/claims'
import { exhausted } from './scenarios/exhausted'
import { kill } from './scenarios/kill'
import { many } from './scenarios/many'
import { order } from './scenarios/order'
import { powertools } from './scenarios/powertools'
import { queue } from './scenarios/queue'
import { restart } from './scenarios/restart'
import { sigterm } from './scenarios/sigterm'
import { slow } from './scenarios/slow'
import { storm } from './scenarios/storm'
import { toText } from './table'

const scenarios = [claims, kill, slow, restart, exhausted, sigterm, storm, many, order, queue, powertools] as const
const usage = `npm run chaos -- [--quick] [--write] [--break] [scenario ...]

  --quick   smaller numbers, the same promises
  --write   writes docs/reliability.md: what did not run stays as it is there
  --break   breaks each scenario on purpose, and succeeds if every one of them notices
  --help    this text

Scenarios:
${scenarios.map(({ name, promise }) => `  ${name.padEnd(11)}${promise}`).join('\n')}

Servers are those at REDIS_URL, POSTGRES_URL and MYSQL_URL or at the usual local addresses, and scratch ones from PATH
where nobody answers. Whatever a run makes in them is removed at its end.`

const flag = { type: 'boolean', default: false } as const
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: flag, write: flag, break: flag, help: flag },
})
// What was made and started must not stay behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void clearAll().finally(() => process.exit(130)))
if (flags.help) console.log(usage)
else process.exit(await main(chosen()))

function chosen(): readonly Scenario[] {
  const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown.length > 0) {
    console.error(`No such scenario: ${unknown.join(', ')}\n\n${usage}`)
    process.exit(2)
  }
  return scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
}

async function main(wanted: readonly Scenario[]): Promise<number> {
  const ground = await findGround(['redis', 'postgres', 'mysql'])
  const { redis, postgres, mysql } = ground.urls
  if (redis === undefined || postgres === undefined || mysql === undefined)
    throw new Error('Redis, PostgreSQL and MariaDB are needed: nobody answers for one of them, and it is not on PATH.')
  const urls = { redis, postgres, mysql }
  const findings: Finding[] = []
  const failed: string[] = []
  for (const scenario of wanted) {
    console.log(`\n== ${scenario.name}: ${scenario.promise}`)
    for (const fault of flags.break ? scenario.faults : [undefined]) {
      if (fault !== undefined) console.log(`with the fault: ${fault}`)
      const finding = await runOne(scenario, urls, fault)
      findings.push(finding)
      if (finding.broken.length > 0 !== flags.break) failed.push(`${scenario.name} ${fault ?? ''}`.trim())
    }
  }
  if (flags.write && !flags.break)
    await writeReport(
      findings,
      scenarios.map(({ name }) => name),
      { quick: flags.quick, urls },
    )
  await ground.end()
  const what = flags.break ? 'did not notice its fault' : 'broke a promise'
  console.log(failed.length === 0 ? '\nAll as promised.' : `\nEach of these ${what}: ${failed.join(', ')}.`)
  return failed.length === 0 ? 0 : 1
}

async function runOne(scenario: Scenario, urls: Bench['urls'], fault: Bench['fault']): Promise<Finding> {
  const startedMs = Date.now()
  const seconds = () => Math.round((Date.now() - startedMs) / 1000)
  const { tables, broken } = await scenario
    .run({
      quick: flags.quick,
      fault,
      urls,
      count: (full, quick) => (flags.quick ? quick : full),
      say: (text) => console.log(`${String(seconds()).padStart(5)} s  ${text}`),
    })
    .catch((error: unknown) => ({ tables: [], broken: [`it did not come to its end: ${error}`] }))
  for (const table of tables) console.log(`\n${toText(table)}`)
  for (const line of broken) console.log(`BROKEN  ${line}`)
  return { scenario, tables, broken, seconds: seconds() }
}
