import { inert, type Terminal } from '../terminal'
import type { Check } from './check'

/** Checks as a person reads them: what was seen, and under it what to do. */
export function printChecks({ print, style }: Terminal, checks: readonly Check[]): void {
  const labels = {
    ok: style.green('ok         '),
    warning: style.yellow('warning    '),
    problem: style.red('problem    '),
    not_checked: style.dim('not checked'),
  }
  const width = Math.max(...checks.map(({ name }) => name.length))
  for (const { name, state, seen, advice } of checks) {
    print(`${labels[state]}  ${name.padEnd(width)}  ${inert(seen)}`)
    if (advice !== undefined) print(`${' '.repeat(width + 15)}${style.bold('→')} ${inert(advice)}`)
  }
  print(`\n${summary(checks)}`)
}

export function countOf(checks: readonly Check[], state: Check['state']): number {
  return checks.filter((check) => check.state === state).length
}

function summary(checks: readonly Check[]): string {
  const [problems, warnings, open] = [
    countOf(checks, 'problem'),
    countOf(checks, 'warning'),
    countOf(checks, 'not_checked'),
  ]
  const found = [counted(problems, 'problem'), counted(warnings, 'warning')].filter((text) => text !== undefined)
  const rest = open === 0 ? '' : `, ${open} not checked`
  return `${found.length === 0 ? 'No problems' : found.join(', ')}${rest}.`
}

function counted(count: number, what: string): string | undefined {
  return count === 0 ? undefined : `${count} ${what}${count === 1 ? '' : 's'}`
}
