import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from '../fleet'
import type { ClaimAnswer, ClaimQuestion, Held } from '../workers/claim'

/** How many claims of a key, over all processes. */
export const atOnce = 64
/** So many keys are rushed at the same moment. */
const chunk = 25
const raceLeaseMs = 150

/** The processes that claim, all at once. */
export class Crew {
  constructor(private readonly workers: readonly Worker[]) {}

  private async rush(
    keys: readonly string[],
    change: Partial<ClaimQuestion & { do: 'claim' }>,
    owners: readonly Held[] = [],
  ) {
    const each = atOnce / this.workers.length
    const fromMs = Date.now() + 5
    const all = { do: 'claim', keys, each, leaseSeconds: 3600, fromMs, spreadMs: 0, ownerMs: 0, ...change } as const
    const answers = await Promise.all(
      this.workers.map((worker, number) =>
        worker.ask<ClaimAnswer>({ ...all, completing: number === 0 ? owners : [] } satisfies ClaimQuestion),
      ),
    )
    return { won: answers.flatMap(({ won }) => won), taken: answers.flatMap(({ taken }) => taken) }
  }

  private async own(keys: readonly string[], leaseSeconds: number): Promise<readonly Held[]> {
    const question = {
      do: 'claim',
      keys,
      each: 1,
      leaseSeconds,
      fromMs: 0,
      spreadMs: 0,
      ownerMs: 0,
      completing: [],
    } as const
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
    for (const some of chunks(keys, chunk)) won.push(...(await this.rush(some, {})).won)
    await this.finish('complete', won)
    const again = await this.own(keys, 1)
    return { winners: won.length, keysWon: new Set(won.map(([key]) => key)).size, afterwards: again.length }
  }

  async abandoned(keys: readonly string[]) {
    const owners = await this.own(keys, 0.05)
    await sleep(100)
    const won: Held[] = []
    for (const some of chunks(keys, chunk)) won.push(...(await this.rush(some, {})).won)
    const late: number[] = []
    for (const how of ['complete', 'release', 'renew'] as const) late.push(await this.finish(how, owners))
    const completed = await this.finish('complete', won)
    return { takers: won.length, keysTaken: new Set(won.map(([key]) => key)).size, late, completed }
  }

  /** The moment of the owners moves until they win about half of the time: else it would be no race. */
  async race(keys: readonly string[]) {
    let [owner, taker, both, ownerMs] = [0, 0, 0, 10]
    for (const some of chunks(keys, Math.min(10, keys.length / 25))) {
      const ownedMs = Date.now()
      const owners = await this.own(some, raceLeaseMs / 1000)
      const fromMs = ownedMs + raceLeaseMs - 15
      const { won, taken } = await this.rush(some, { fromMs, spreadMs: 30, ownerMs }, owners)
      owner += taken.length
      taker += won.length
      both += won.filter(([key]) => taken.includes(key)).length
      ownerMs = taken.length > won.length ? ownerMs * 1.4 + 2 : Math.max(0, ownerMs / 1.4 - 2)
    }
    return { owner, taker, both }
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill('SIGKILL')))
  }
}

function chunks(keys: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(keys.length / size) }, (_, n) => keys.slice(n * size, (n + 1) * size))
}
