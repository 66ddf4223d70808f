import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend, Kind, Where } from '../backends/backend'
import { payqiDelivery, storeKey } from '../deliveries'
import { startWorker, type Worker } from '../fleet'
import type { ServeJob } from '../jobs'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import { send } from '../sender'
import type { Cell } from '../table'
import { Promises, tally } from '../tally'
import { readRuns, withRunsFile } from './runs'

const modes: readonly (readonly [Kind, boolean])[] = [
  ['redis', false],
  ['postgres', false],
  ['postgres', true],
  ['mysql', true],
]
/** The pools here have 12 connections, and a transaction keeps one while its handler runs. */
const inFlight = (transaction: boolean) => (transaction ? 10 : 200)
const variants = [
  { name: 'in time', handlerMs: 2000, drainSeconds: 15 },
  { name: 'outlasts the drain', handlerMs: 8000, drainSeconds: 1 },
]

export const sigterm: Scenario = {
  name: 'sigterm',
  promise:
    'A process that is told to end and calls `receiver.close()` loses nothing, does nothing twice and leaves no lease behind. Handlers that outlast `drainSeconds` are told by their signal, and their events are given back at once.',
  method:
    'SIGTERM with all deliveries in their handlers (200; in transaction mode 10, since each keeps a connection of a pool of 12). The process calls `receiver.close({ drainSeconds })` and `server.close()` and then ends by itself. A second process takes what is sent again. The lease is 60 s: what was left behind would block its event for longer than the run takes. Handlers listen to their signal.',
  faults: ['exitsAtOnce', 'losesEffects'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const [kind, transaction] of modes) {
      for (const variant of variants) {
        const name = `${kind}, ${transaction ? 'transaction' : 'lease'}`
        rows.push(
          await withBackend(bench, kind, (...at) => measure(bench, name, variant, at, promises), { transaction }),
        )
        bench.say(`sigterm: ${name}, ${variant.name} done`)
      }
    }
    const head = [
      'store, mode',
      'handlers',
      'in flight',
      'exit code',
      'by the first',
      'by the second',
      'lost',
      'doubled',
    ]
    return {
      tables: [{ title: 'SIGTERM', head: [...head, 'leases left behind'], rows }],
      broken: promises.broken,
    }
  },
}

async function measure(
  bench: Bench,
  name: string,
  { name: variant, handlerMs, drainSeconds }: (typeof variants)[number],
  [where, backend]: readonly [Where, Backend],
  promises: Promises,
): Promise<Cell[]> {
  const deliveries = Array.from({ length: inFlight(where.transaction) }, (_, number) => payqiDelivery(`evt_${number}`))
  const ids = deliveries.map(({ id }) => id)
  const keys = ids.map((id) => storeKey('payqi', id))
  const say = `${name}, ${variant}`
  return withRunsFile(async (runsFile) => {
    const pace = { beforeMs: handlerMs, afterMs: 0, random: false }
    const fault = storeFault(bench)
    const job: ServeJob = {
      role: 'serve',
      provider: 'payqi',
      where,
      leaseSeconds: 60,
      pace,
      drainSeconds,
      runsFile,
      fault,
    }
    const first = await startWorker(job)
    const second = await startWorker({ ...job, pace: { ...pace, beforeMs: 0 } })
    const crew: Crew = { first, second, ended: false }
    try {
      const sending = send({
        deliveries,
        lanes: deliveries.length,
        copies: 1,
        port: () => (crew.ended ? second.port : first.port),
        pauseMs: () => 200,
        maxTries: 75,
      })
      while (readRuns(runsFile).length < deliveries.length) await sleep(20)
      const exit = await endFirst(crew)
      const leases = (await backend.kept(keys)).filter((kept) => kept?.state === 'busy').length
      const byFirst = (await backend.effects()).length
      const sent = await sending
      const { lost, doubled } = tally(ids, await backend.effects())
      const bySecond = readRuns(runsFile).length - deliveries.length
      promises.equal(`${say}: exit code`, exit, 0)
      promises.equal(`${say}: acknowledged`, sent.acknowledged.size, deliveries.length)
      promises.equal(`${say}: lost`, lost.length, 0)
      promises.equal(`${say}: doubled`, doubled.length, 0)
      promises.equal(`${say}: leases left behind`, leases, 0)
      promises.equal(`${say}: handled by the first`, byFirst, variant === 'in time' ? deliveries.length : 0)
      return [name, variant, deliveries.length, exit, byFirst, bySecond, lost.length, doubled.length, leases]
    } finally {
      await Promise.all([first.kill('SIGKILL'), second.kill('SIGKILL')])
    }
  })
}

interface Crew {
  readonly first: Worker
  readonly second: Worker
  ended: boolean
}

/** From now on the load balancer sends to the other one. */
async function endFirst(crew: Crew): Promise<number | NodeJS.Signals> {
  crew.ended = true
  return crew.first.kill('SIGTERM')
}
