import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildScripts } from '../chaos/scripts'
import { readFacts, writeFacts } from './measured'
import { type Finding, print, writeReport } from './report'
import type { Message, Order } from './run'
import { sectionNames } from './sections'

const usage = `npm run scaling -- [--quick] [--write] [section ...]

  --quick   smaller numbers: figures that are near, in a fraction of the time
  --write   writes the figures into docs/scaling.md and scaling/measured.json: what did not run stays as it is there
  --help    this text

Sections: ${sectionNames.join(', ')}. The sizes for other loads (plan) are made of what claim and size measured in this run,
or else in the last one that was written down.
Starts servers of its own, from PATH, in scratch folders; one that this machine does not have is not measured.
Ends with 1 if the model is off by more than it may be, or a promise is not kept.`

const flag = { type: 'boolean', default: false } as const
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: flag, write: flag, help: flag },
})
if (flags.help) console.log(usage)
else process.exitCode = await main(chosen())

function chosen(): readonly string[] {
  const unknown = positionals.filter((name) => !sectionNames.includes(name))
  if (unknown.length > 0) {
    console.error(`No such section: ${unknown.join(', ')}\n\n${usage}`)
    process.exit(2)
  }
  return sectionNames.filter((name) => positionals.length === 0 || positionals.includes(name))
}

async function main(names: readonly string[]): Promise<number> {
  const folder = await buildScripts('scaling', ['scaling/run.ts', 'scaling/server.ts'])
  const child = fork(join(folder, 'run.mjs'), { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  // A run that is stopped takes along what it started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal))
  const findings: Finding[] = []
  child.on('message', (message: Message) => {
    if (message.type === 'said') console.log(message.text)
    else {
      findings.push(message.finding)
      print(message.finding)
    }
  })
  child.send({ names, quick: flags.quick, facts: readFacts() } satisfies Order)
  const [code] = await once(child, 'exit')
  // A run that was stopped is not one to be written down.
  if (flags.write && code === 0) {
    writeReport(findings, flags.quick)
    writeFacts(findings)
  }
  const broken = findings.filter((finding) => (finding.broken ?? []).length > 0)
  if (broken.length > 0) console.error(`\nDid not hold: ${broken.map(({ name }) => name).join(', ')}.`)
  return code !== 0 || broken.length > 0 || findings.length < names.length ? 1 : 0
}
