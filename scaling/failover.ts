import { hasPostgres, hasRedis } from '../chaos/servers'
import type { Table } from '../chaos/table'
import type { Told } from './deliveries'
import type { Section } from './section'
import { hasStandby } from './standby'
import { type Trial, trials } from './trials'

export const failover: Section = {
  name: 'failover',
  async run(bench) {
    const told: { trial: Trial; told: Told }[] = []
    const remarks: string[] = []
    for (const trial of trials.filter(({ slow }) => !slow || !bench.quick)) {
      const can = trial.on === 'redis' ? hasRedis() : hasPostgres() && hasStandby()
      if (!can) {
        remarks.push(`Not run, this machine has no server for it: ${trial.name}.`)
        continue
      }
      bench.say(trial.name)
      told.push({ trial, told: await trial.run(bench.count(400, 160)) })
    }
    return {
      tables: [toTable(told)],
      remarks,
      broken: told.flatMap(({ trial, told: found }) => brokenOf(trial, found)),
    }
  },
}

/** What is promised in each of them, whatever the figures are. */
function brokenOf({ name, mayForget, transaction }: Trial, told: Told): string[] {
  const broken: string[] = []
  if (Math.max(told.forgotten, told.effectsGone) > mayForget)
    broken.push(`${name}: too much of what was acknowledged is gone`)
  if (transaction && told.doubled > 0) broken.push(`${name}: an effect took place twice`)
  if (told.lostInTheEnd > 0) broken.push(`${name}: an event was lost although it was delivered again`)
  return broken
}

function toTable(found: readonly { trial: Trial; told: Told }[]): Table {
  return {
    title:
      'The replica is cut off while deliveries come in, then the primary is killed and the replica promoted; or the server is killed and started again. All deliveries are sent once more in the end',
    head: [
      'store',
      'deliveries',
      'answered 200',
      'other answers',
      'acknowledged, and forgotten',
      'acknowledged, effect gone',
      'effects twice in the end',
      'lost in the end',
    ],
    rows: found.map(({ trial: { name }, told }) => [
      name,
      told.deliveries,
      told.acknowledged,
      told.deliveries - told.acknowledged,
      told.forgotten,
      told.effectsGone,
      told.doubled,
      told.lostInTheEnd,
    ]),
  }
}
