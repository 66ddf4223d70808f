import { parseArgs } from 'node:util'
import { services } from '../test/support/services'
import { type Bench, clearAll, type Scenario } from './scenario'
import { claims } from './scenarios/claims'
import { exhausted } from './scenarios/exhausted'
import { kill } from './scenarios/kill'
import { restart } from './scenarios/restart'
import { slow } from './scenarios/slow'
import { toText } from './table'

const scenarios: readonly Scenario[] = [claims, kill, slow, restart, exhausted]
const usage = `npm run chaos -- [--quick] [--write] [--break] [${scenarios.map(({ name }) => name).join('|')} ...]

  --quick   smaller numbers, the same promises
  --write   writes docs/reliability.md
  --break   breaks each scenario on purpose: succeeds if every one of them notices
  --help    this text`

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    break: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
// What was made and started must not stay behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void clearAll().finally(() => process.exit(130)))
if (flags.help) console.log(usage)
else process.exit(await main())

async function main(): Promise<number> {
  const { redis, postgres, mysql } = services
  if (redis === undefined || postgres === undefined || mysql === undefined) throw new Error('no server')
  let failed = 0
  for (const scenario of scenarios) {
    if (positionals.length > 0 && !positionals.includes(scenario.name)) continue
    const started = Date.now()
    const bench: Bench = {
      quick: flags.quick,
      fault: flags.break ? scenario.fault : undefined,
      urls: { redis, postgres, mysql },
      count: (full, quick) => (flags.quick ? quick : full),
      say: (text) => console.log(`${Math.round((Date.now() - started) / 1000)} s  ${text}`),
    }
    const { tables, broken } = await scenario.run(bench)
    for (const table of tables) console.log(`\n${toText(table)}`)
    for (const line of broken) console.log(`BROKEN ${line}`)
    if (broken.length > 0 !== flags.break) failed++
  }
  return failed > 0 ? 1 : 0
}
