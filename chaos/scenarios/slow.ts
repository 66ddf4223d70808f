import type { Kind } from '../backends/backend'
import { payqiDelivery } from '../deliveries'
import { startFleet } from '../fleet'
import type { PowertoolsJob, ServeJob } from '../jobs'
import { type Bench, type Scenario, withBackend } from '../scenario'
import { send } from '../sender'
import type { Cell } from '../table'
import { Promises, tally } from '../tally'
import { readRuns, withRunsFile } from './runs'

const leaseSeconds = 1
/** In transaction mode a handler keeps a connection, and its renewal needs another: the pools here have 12. */
const lanes = 8
const pace = { beforeMs: leaseSeconds * 3000, afterMs: 0, random: false }
const modes: readonly (readonly [Kind, boolean, boolean])[] = [
  ['redis', false, true],
  ['postgres', false, true],
  ['postgres', true, true],
  ['mysql', true, true],
  ['redis', false, false],
  ['postgres', false, false],
  ['postgres', true, false],
  ['mysql', true, false],
]

export const slow: Scenario = {
  name: 'slow',
  promise:
    'A handler that takes three times as long as the lease runs once, as long as its renewals reach the store in time. In transaction mode its effect happens once even if the lease is never renewed.',
  method:
    'Lease 1 s, handler 3 s, 2 workers with pools of 12 connections, 8 events at once, each sent twice and again until 200, with growing pauses. Renewal off: a store whose `renew` says yes and does nothing. A run is a line in a file, written as the handler begins; an effect is a row, written as it ends. Handlers listen to their signal. What this does not show: with a lease of 0.5 s this scenario failed twice on a busy machine, with handlers begun again and no effect doubled. One cause is known: in transaction mode every handler keeps a connection and its renewal needs another, so with as many handlers as connections renewals wait until the lease is over. Another failure, with 8 handlers and 12 connections, on PostgreSQL and MariaDB but not on Redis, did not come back in 15 runs and is not explained.',
  faults: ['neverRenews'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const [kind, transaction, renewal] of modes) {
      const name = `${kind}, ${transaction ? 'transaction' : 'lease'}`
      const row = await withBackend(
        bench,
        kind,
        async (where, backend) => {
          const fault = renewal && bench.fault === undefined ? undefined : 'neverRenews'
          const job = { role: 'serve', provider: 'payqi', where, leaseSeconds, pace, fault } as const
          const { events, runs, lost, doubled } = await runSlowly(bench, job, () => backend.effects())
          promises.equal(`${name}: lost`, lost, 0)
          if (renewal) promises.equal(`${name}: runs`, runs, events)
          if (renewal || transaction) promises.equal(`${name}: doubled`, doubled, 0)
          else promises.atLeast(`${name}: runs, or it shows nothing`, runs, events + 1)
          return [name, renewal ? 'on' : 'off', events, runs, lost, doubled]
        },
        { transaction },
      )
      rows.push(row)
      bench.say(`slow: ${name}, renewal ${row[1]}, ${row[3]} runs`)
    }
    const head = ['store, mode', 'renewal', 'events', 'runs', 'lost', 'doubled']
    return { tables: [{ title: 'A handler three times as long as the lease', head, rows }], broken: promises.broken }
  },
}

/** Events whose handlers outlast the lease, and what became of them. */
export async function runSlowly(
  bench: Bench,
  job: ServeJob | PowertoolsJob,
  effects: () => Promise<string[]>,
): Promise<{ events: number; runs: number; lost: number; doubled: number }> {
  const deliveries = Array.from({ length: bench.count(24, 8) }, (_, number) => payqiDelivery(`evt_${number}`))
  return withRunsFile(async (runsFile) => {
    const fleet = await startFleet({ ...job, runsFile }, 2)
    try {
      await send({
        deliveries,
        lanes,
        copies: 2,
        port: (_, copy, attempt) => fleet.port((copy + attempt) % 2),
        pauseMs: (attempt) => Math.min(100 * 1.6 ** attempt, 4000),
        maxTries: 30,
      })
      const { lost, doubled } = tally(
        deliveries.map(({ id }) => id),
        await effects(),
      )
      return { events: deliveries.length, runs: readRuns(runsFile).length, lost: lost.length, doubled: doubled.length }
    } finally {
      await fleet.end()
    }
  })
}
