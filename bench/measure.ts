import type { Slice } from './statistics'

/** One of those that are compared. */
export interface Contestant {
  readonly name: string
  /** Does it so many times. */
  run(count: number): unknown
  /** Before every slice, outside of the measured time. */
  prepare?(count: number): unknown
  /** The most that one slice may do, where what it works on runs out. */
  readonly most?: number
}

export interface Pace {
  readonly rounds: number
  readonly sliceMs: number
  /** The CPU time that each contestant gets before anything counts: enough to be compiled. Four times that by the wall clock, at most. */
  readonly warmUpMs: number
}

/** The slices of each contestant, by name: the n-th of one and the n-th of another are of the same round. */
export type Timings = ReadonlyMap<string, readonly Slice[]>

/**
 * Measures contestants side by side: every round gives each of them one short slice, the order turns from round to round
 * and its direction changes, so that whatever else the machine does falls on all of them alike.
 */
export async function interleave(contestants: readonly Contestant[], { rounds, ...pace }: Pace): Promise<Timings> {
  const counts = new Map<Contestant, number>()
  for (const contestant of contestants) counts.set(contestant, await warmUp(contestant, pace))
  const timings = new Map<string, Slice[]>(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contestant of inOrder(contestants, round)) {
      timings.get(contestant.name)?.push(await timed(contestant, counts.get(contestant) ?? 1))
    }
  }
  return timings
}

/** The order of a round: turned by one each time, every other round from the end. */
export function inOrder<T>(contestants: readonly T[], round: number): T[] {
  const turn = round % contestants.length
  const turned = [...contestants.slice(turn), ...contestants.slice(0, turn)]
  return round % 2 === 0 ? turned : turned.reverse()
}

/** Runs a contestant until it is compiled, and gives how many operations fill a slice. */
async function warmUp(contestant: Contestant, { sliceMs, warmUpMs }: Omit<Pace, 'rounds'>): Promise<number> {
  const most = contestant.most ?? 1_000_000
  let count = 1
  const giveUpMs = performance.now() + 4 * warmUpMs
  let spentMs = 0
  for (let slices = 0; slices < 4 || (spentMs < warmUpMs && performance.now() < giveUpMs); slices++) {
    const { wallMs, cpuMs } = await timed(contestant, count)
    spentMs += cpuMs * count
    const wanted = Math.round(sliceMs / Math.max(wallMs, 1e-6))
    count = Math.max(1, Math.min(most, wanted, count * 8))
  }
  return count
}

async function timed(contestant: Contestant, count: number): Promise<Slice> {
  await contestant.prepare?.(count)
  // What the last slice left to be done later is done now.
  await new Promise((resolve) => setImmediate(resolve))
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  await contestant.run(count)
  const wallMs = performance.now() - startedMs
  const { user, system } = process.cpuUsage(cpu)
  return { wallMs: wallMs / count, cpuMs: (user + system) / 1000 / count }
}

let sink: unknown

/** For what answers at once. */
export function repeat(once: () => unknown): (count: number) => void {
  return (count) => {
    for (let i = 0; i < count; i++) sink = once()
  }
}

/** For what has to be awaited: one after the other. */
export function repeatAwaited(once: () => unknown): (count: number) => Promise<void> {
  return async (count) => {
    for (let i = 0; i < count; i++) sink = await once()
  }
}

/** So many at once, each of them one after the other. */
export function inFlight(width: number, once: () => unknown): (count: number) => Promise<void> {
  const lane = repeatAwaited(once)
  return async (count) => {
    const lanes = Math.min(width, count)
    const share = (at: number) => Math.floor(count / lanes) + (at < count % lanes ? 1 : 0)
    await Promise.all(Array.from({ length: lanes }, (_, at) => lane(share(at))))
  }
}

/** Keeps what was computed alive, so that no compiler leaves it out. */
export const lastResult = (): unknown => sink
