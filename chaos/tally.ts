/** What handlers left behind, held against what was sent. */
export interface Tally {
  /** Sent, and without any effect. */
  readonly lost: readonly string[]
  /** With more than one effect. */
  readonly doubled: readonly string[]
  /** Effects beyond the first of an event. */
  readonly extra: number
  /** Effects of events that nobody sent. */
  readonly strange: number
}

export function tally(sent: Iterable<string>, effects: readonly string[]): Tally {
  const counts = new Map(Array.from(sent, (id) => [id, 0]))
  let strange = 0
  for (const id of effects) {
    const count = counts.get(id)
    if (count === undefined) strange++
    else counts.set(id, count + 1)
  }
  const having = (holds: (count: number) => boolean) => [...counts].filter(([, n]) => holds(n)).map(([id]) => id)
  const doubled = having((count) => count > 1)
  return {
    lost: having((count) => count === 0),
    doubled,
    extra: effects.length - strange - having((n) => n > 0).length,
    strange,
  }
}

/** The promises of a scenario, and those that were broken. */
export class Promises {
  readonly broken: string[] = []

  equal(what: string, actual: unknown, expected: unknown): void {
    if (actual !== expected) this.broken.push(`${what}: ${actual}, not ${expected}`)
  }

  atMost(what: string, actual: number, limit: number): void {
    if (!(actual <= limit)) this.broken.push(`${what}: ${round(actual)}, more than ${round(limit)}`)
  }

  atLeast(what: string, actual: number, limit: number): void {
    if (!(actual >= limit)) this.broken.push(`${what}: ${round(actual)}, less than ${round(limit)}`)
  }
}

export const round = (value: number) => (Number.isInteger(value) ? value : Number(value.toFixed(2)))
