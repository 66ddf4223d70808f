import { readFileSync, writeFileSync } from 'node:fs'
import { type Check, digits } from './part'
import type { Finding } from './run'

/** How far a ratio may be from its figure: other machines, other versions of Node and noise are well within it. */
export const margin = 1.6

const file = new URL('limits.json', import.meta.url)

/** What the guard itself measured when that was last written, by the name of the check. */
export type Limits = Readonly<Record<string, number>>

export const readLimits = (): Limits => JSON.parse(readFileSync(file, 'utf8')) as Limits

export function writeLimits(findings: readonly Finding[]): void {
  const checks = findings.flatMap(({ checks = [] }) => checks)
  const measured = Object.fromEntries(checks.map(({ name, ratio }) => [name, Number(ratio.median.toFixed(3))]))
  writeFileSync(file, `${JSON.stringify(measured, null, 2)}\n`)
}

/**
 * Too slow only if the median round and the fastest slice both are: a noisy neighbour moves one, not both. A check
 * without a figure is too slow as well, or a new name would switch it off.
 */
export function isTooSlow({ name, ratio }: Check, limits: Limits): boolean {
  const figure = Object.hasOwn(limits, name) ? limits[name] : undefined
  if (figure === undefined) return true
  return ratio.median > figure * margin && ratio.best > figure * margin
}

export function describe({ name, ratio }: Check, limits: Limits): string {
  const figure = limits[name]
  const allowed = figure === undefined ? 'no figure in bench/limits.json' : `at most ${digits(figure * margin)}`
  const verdict = isTooSlow({ name, ratio }, limits) ? 'TOO SLOW' : 'well'
  return `${verdict.padEnd(9)} ${name}: ${digits(ratio.median)}, fastest slices ${digits(ratio.best)} (${allowed})`
}

/** The parts with a check that is too slow, or that did not come to their end. */
export function slowParts(findings: readonly Finding[], limits: Limits): Finding[] {
  return findings.filter(
    ({ failed, checks = [] }) =>
      failed !== undefined || checks.length === 0 || checks.some((check) => isTooSlow(check, limits)),
  )
}
