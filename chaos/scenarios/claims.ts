import type { Backend, Kind, Where } from '../backends/backend'
import { startWorker } from '../fleet'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import type { Cell } from '../table'
import { Promises } from '../tally'
import { atOnce, Crew } from './crew'

const kinds: readonly Kind[] = ['memory', 'sqlite', 'redis', 'postgres', 'mysql']

export const claims: Scenario = {
  name: 'claims',
  promise:
    'An event has one owner at a time. An owner that was replaced can neither complete nor release nor renew. An event is never both completed by its owner and taken over.',
  method:
    '4 processes, each with 16 claims of the same key at the same moment (memory: 1 process with 64). Abandoned: the owner is gone and its lease has run out. Late: the old owner comes back after that. Race: the owner completes in the very moment in which its lease runs out and the others take over; that moment is moved until each side wins now and then. Grants are also read from the table or hash of the store itself.',
  faults: ['grantsAll'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const kind of kinds) {
      rows.push(await withBackend(bench, kind, (where, backend) => measure(bench, kind, where, backend, promises)))
      bench.say(`claims: ${kind} done`)
    }
    const late = ['late complete taken', 'late release taken', 'late renew taken']
    const race = ['race: owner', 'race: taker', 'race: both']
    const head = ['store', 'keys', 'claims', 'new: winners', 'abandoned: takers', ...late, ...race, 'ms']
    return { tables: [{ title: 'One owner per event', head, rows }], broken: promises.broken }
  },
}

async function measure(bench: Bench, kind: Kind, where: Where, backend: Backend, promises: Promises): Promise<Cell[]> {
  const startedMs = performance.now()
  const size = kind === 'memory' ? 1 : 4
  const job = { role: 'claim', where, fault: storeFault(bench) } as const
  const crew = new Crew(await Promise.all(Array.from({ length: size }, () => startWorker(job))))
  const keys = bench.count(1000, 25)
  try {
    const fresh = await crew.fresh(keyList('new', keys))
    bench.say(`claims: ${kind}, ${keys} new keys`)
    const old = await crew.abandoned(keyList('old', keys))
    bench.say(`claims: ${kind}, ${keys} abandoned keys`)
    const race = await crew.race(keyList('race', keys))
    // Memory has no table that another process could read.
    for (const [name, times] of kind === 'memory' ? [] : grants) {
      const kept = await backend.kept(keyList(name, keys))
      const wrong = kept.filter((each) => each?.granted !== times).length
      promises.equal(`${kind}: ${name} keys that the store did not grant ${times} times by its own account`, wrong, 0)
    }
    promises.equal(`${kind}: winners of new keys`, fresh.winners, keys)
    promises.equal(`${kind}: new keys with one winner`, fresh.keysWon, keys)
    promises.equal(`${kind}: claims of completed keys that were granted`, fresh.afterwards, 0)
    promises.equal(`${kind}: takers of abandoned keys`, old.takers, keys)
    promises.equal(`${kind}: abandoned keys with one taker`, old.keysTaken, keys)
    promises.equal(`${kind}: late calls taken`, old.late.join(), '0,0,0')
    promises.equal(`${kind}: completions of takers`, old.completed, keys)
    promises.equal(`${kind}: keys both completed and taken over`, race.both, 0)
    promises.equal(`${kind}: keys either completed or taken over`, race.owner + race.taker, keys)
    promises.atLeast(`${kind}: owners that won the race, or it was none`, race.owner, 1)
    promises.atLeast(`${kind}: takers that won the race, or it was none`, race.taker, 1)
    const counts = [fresh.winners, old.takers, ...old.late, race.owner, race.taker, race.both]
    return [kind, keys, 3 * keys * atOnce, ...counts, Math.round(performance.now() - startedMs)]
  } finally {
    await crew.end()
  }
}

/** How often each key of a phase is granted. */
const grants = [
  ['new', 1],
  ['old', 2],
] as const
const keyList = (name: string, count: number) => Array.from({ length: count }, (_, number) => `${name}:${number}`)
