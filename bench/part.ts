import type { Table } from '../chaos/table'
import type { Pace } from './measure'
import type { Ratio } from './statistics'

/** One question that is measured, in a process of its own. */
export interface Part {
  readonly name: string
  /** What it measures, in a line. */
  readonly question: string
  /** How, and what to know when reading the figures. */
  readonly method: string
  run(bench: Bench): Promise<Result>
}

/** What a part is given. */
export interface Bench {
  readonly quick: boolean
  /** Only what the guard looks at. */
  readonly guard: boolean
  readonly pace: Pace
  /** Servers to measure against; a name without one is skipped. */
  readonly urls: Readonly<Partial<Record<'redis' | 'postgres', string>>>
  say(text: string): void
}

/** What a part found; it goes from process to process as JSON. */
export interface Result {
  readonly tables: readonly Table[]
  readonly targets?: readonly Target[]
  readonly checks?: readonly Check[]
  readonly bars?: readonly Bar[]
  /** What was left out and why, and how to read what is odd. */
  readonly remarks?: readonly string[]
}

/** A figure and what it should be. */
export interface Target {
  readonly what: string
  readonly figure: number
  readonly limit: number
  readonly rule: 'at most' | 'at least'
}

/** A ratio that the guard holds against the figure of `limits.json` by the same name. */
export interface Check {
  readonly name: string
  readonly ratio: Ratio
}

/** One bar of the chart: the time as a multiple of the floor's. */
export interface Bar {
  readonly name: string
  readonly times: number
}

export const atMost = (what: string, figure: number, limit: number): Target => ({
  what,
  figure,
  limit,
  rule: 'at most',
})
export const atLeast = (what: string, figure: number, limit: number): Target => ({
  what,
  figure,
  limit,
  rule: 'at least',
})

/** What is printed is what is judged: a figure that shows as the limit has reached it. */
export function isReached({ figure, limit, rule }: Target): boolean {
  const shown = Number(digits(figure))
  return rule === 'at most' ? shown <= limit : shown >= limit
}

/** Two digits behind the point, fewer for what is large, three for what is small. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return 'none'
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : value < 0.1 ? 3 : 2)
}

/** The median, and the middle half of the rounds. */
export function spread({ median, lower, upper }: Ratio): string {
  return `${digits(median)} (${digits(lower)}–${digits(upper)})`
}
