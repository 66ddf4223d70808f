import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend, Kind } from '../backends/backend'
import { startWorker, type Worker } from '../fleet'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import type { Cell } from '../table'
import { Promises } from '../tally'
import type { ClaimAnswer, ClaimQuestion, Held } from '../workers/claim'

const kinds: readonly Kind[] = ['memory', 'sqlite', 'redis', 'postgres', 'mysql']
const atOnce = 64
/** So many keys are rushed at the same moment. */
const chunk = 25

export const claims: Scenario = {
  name: 'claims',
  promise:
    'An event has one owner at a time. An owner that was replaced can neither complete nor release nor renew. An event is never both completed by its owner and taken over.',
  method:
    '4 processes, each with 16 claims of the same key at the same moment (memory: 1 process with 64). Abandoned: the owner is gone and its lease has run out. Late: the old owner comes back after that. Race: the owner completes within the same 30 ms in which the others take over. Grants are also read from the table or hash of the store itself.',
  fault: 'grantsAll',
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

type Where = Parameters<Parameters<typeof withBackend>[2]>[0]

async function measure(bench: Bench, kind: Kind, where: Where, backend: Backend, promises: Promises): Promise<Cell[]> {
  const startedMs = performance.now()
  const size = kind === 'memory' ? 1 : 4
  const job = { role: 'claim', where, fault: storeFault(bench) } as const
  const crew = new Crew(await Promise.all(Array.from({ length: size }, () => startWorker(job))))
  const keys = bench.count(1000, 50)
  try {
    const fresh = await crew.fresh(keyList('new', keys))
    bench.say(`claims: ${kind}, ${keys} new keys`)
    const old = await crew.abandoned(keyList('old', keys))
    bench.say(`claims: ${kind}, ${keys} abandoned keys`)
    const race = await crew.race(keyList('race', keys))
    const granted = async (name: string) =>
      (await backend.kept(keyList(name, keys))).filter((kept) => kept !== undefined).map((kept) => kept.granted)
    for (const [name, times] of [
      ['new', 1],
      ['old', 2],
    ] as const) {
      const wrong = (await granted(name)).filter((times_) => times_ !== times).length
      promises.equal(`${kind}: ${name} keys that the store says it granted otherwise than ${times} times`, wrong, 0)
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

const keyList = (name: string, count: number) => Array.from({ length: count }, (_, number) => `${name}:${number}`)

/** The processes that claim, all at once. */
class Crew {
  constructor(private readonly workers: readonly Worker[]) {}

  private async rush(
    keys: readonly string[],
    change: Partial<ClaimQuestion & { do: 'claim' }>,
    owners: readonly Held[] = [],
  ) {
    const each = atOnce / this.workers.length
    const fromMs = Date.now() + 5
    const all = { do: 'claim', keys, each, leaseSeconds: 3600, fromMs, spreadMs: 0, ...change } as const
    const answers = await Promise.all(
      this.workers.map((worker, number) =>
        worker.ask<ClaimAnswer>({ ...all, completing: number === 0 ? owners : [] } satisfies ClaimQuestion),
      ),
    )
    return { won: answers.flatMap(({ won }) => won), taken: answers.flatMap(({ taken }) => taken) }
  }

  private async own(keys: readonly string[], leaseSeconds: number): Promise<readonly Held[]> {
    const question = { do: 'claim', keys, each: 1, leaseSeconds, fromMs: 0, spreadMs: 0, completing: [] } as const
    return (await this.first.ask<ClaimAnswer>(question satisfies ClaimQuestion)).won
  }

  private async finish(how: 'complete' | 'release' | 'renew', held: readonly Held[]): Promise<number> {
    return (await this.first.ask<ClaimAnswer>({ do: how, held } satisfies ClaimQuestion)).taken.length
  }

  private get first(): Worker {
    const [first] = this.workers
    if (first === undefined) throw new Error('no workers')
    return first
  }

  async fresh(keys: readonly string[]) {
    const won: Held[] = []
    for (const some of chunks(keys)) won.push(...(await this.rush(some, {})).won)
    await this.finish('complete', won)
    const again = await this.own(keys, 1)
    return { winners: won.length, keysWon: new Set(won.map(([key]) => key)).size, afterwards: again.length }
  }

  async abandoned(keys: readonly string[]) {
    const owners = await this.own(keys, 0.05)
    await sleep(100)
    const won: Held[] = []
    for (const some of chunks(keys)) won.push(...(await this.rush(some, {})).won)
    const late: number[] = []
    for (const how of ['complete', 'release', 'renew'] as const) late.push(await this.finish(how, owners))
    const completed = await this.finish('complete', won)
    return { takers: won.length, keysTaken: new Set(won.map(([key]) => key)).size, late, completed }
  }

  async race(keys: readonly string[]) {
    let [owner, taker, both] = [0, 0, 0]
    for (const some of chunks(keys)) {
      const leaseMs = 200
      const ownedMs = Date.now()
      const owners = await this.own(some, leaseMs / 1000)
      const fromMs = ownedMs + leaseMs - 5
      const { won, taken } = await this.rush(some, { fromMs, spreadMs: 30 }, owners)
      owner += taken.length
      taker += won.length
      both += won.filter(([key]) => taken.includes(key)).length
    }
    return { owner, taker, both }
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill('SIGKILL')))
  }
}

function chunks(keys: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(keys.length / chunk) }, (_, n) => keys.slice(n * chunk, (n + 1) * chunk))
}
