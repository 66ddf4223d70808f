import { execFileSync } from 'node:child_process'
import type { Backend, Kind, Where } from '../backends/backend'
import { payqiDelivery } from '../deliveries'
import { type Fleet, startFleet } from '../fleet'
import type { ServeJob } from '../jobs'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import { send } from '../sender'
import type { Cell } from '../table'
import { Promises, tally } from '../tally'

const kinds: readonly Kind[] = ['redis', 'postgres']
/** What a garbage collector leaves lying about; a leak of one event's kilobyte would be more. */
const mayGrowMb = 60

export const many: Scenario = {
  name: 'many',
  promise: 'Many different events: none is lost, none is handled twice, and memory does not grow with their number.',
  method:
    '4 workers, 64 events under way at once, each sent twice at once to different workers and again until 200. Memory is what the operating system says of the largest worker (RSS), after a fifth of the events and at the end.',
  faults: ['losesEffects', 'grantsAll'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const kind of kinds) rows.push(await withBackend(bench, kind, (...at) => measure(bench, kind, at, promises)))
    const head = [
      'store',
      'events',
      'lost',
      'doubled',
      'other answers',
      'MB at 20 %',
      'MB at the end',
      'events a second',
    ]
    return { tables: [{ title: 'Many events', head, rows }], broken: promises.broken }
  },
}

async function measure(
  bench: Bench,
  kind: Kind,
  [where, backend]: readonly [Where, Backend],
  promises: Promises,
): Promise<Cell[]> {
  const events = bench.count(50_000, 3000)
  const deliveries = Array.from({ length: events }, (_, number) => payqiDelivery(`evt_${number}`))
  const pace = { beforeMs: 0, afterMs: 0, random: false }
  const job: ServeJob = { role: 'serve', provider: 'payqi', where, leaseSeconds: 60, pace, fault: storeFault(bench) }
  const fleet = await startFleet(job, 4)
  try {
    const startedMs = performance.now()
    let early: number[] = []
    const { answers } = await send({
      deliveries,
      lanes: 64,
      // Sent once, nothing could be handled twice.
      copies: 2,
      port: (lane, copy, attempt) => fleet.port((lane + copy + attempt) % 4),
      onEvent(count) {
        if (count === events / 5) early = memoryOf(fleet)
        if (count % 10_000 === 0) bench.say(`many: ${kind}, ${count} events`)
      },
    })
    const seconds = (performance.now() - startedMs) / 1000
    const late = memoryOf(fleet)
    const growth = Math.max(...late.map((mb, worker) => mb - (early[worker] ?? 0)))
    const { lost, doubled } = tally(
      deliveries.map(({ id }) => id),
      await backend.effects(),
    )
    const other = [...answers].filter(([status]) => status !== 200).reduce((sum, [, count]) => sum + count, 0)
    promises.equal(`${kind}: lost`, lost.length, 0)
    promises.equal(`${kind}: doubled`, doubled.length, 0)
    promises.atMost(`${kind}: growth in MB`, growth, mayGrowMb)
    const memory = [Math.max(...early), Math.max(...late)]
    return [kind, events, lost.length, doubled.length, other, ...memory, Math.round(events / seconds)]
  } finally {
    await fleet.end()
  }
}

/** In MB, of each worker, in their order. */
function memoryOf(fleet: Fleet): number[] {
  return fleet.workers().map(({ pid }) => {
    const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
    return Math.round(Number(kilobytes) / 1024)
  })
}
