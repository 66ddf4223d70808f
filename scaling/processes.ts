import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** The CPU time of a process and its children so far, those that have ended included. `undefined` where there is no /proc. */
export function cpuMsOf(pid: number): number | undefined {
  try {
    ticksMs ??= 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
    const parent = statOf(String(pid))
    const children = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(statOf)
      .filter((stat) => stat?.parent === pid)
    const ticks = [parent, ...children].reduce((sum, stat) => sum + (stat?.ticks ?? 0), 0)
    return parent === undefined ? undefined : (ticks + parent.ticksOfEnded) * ticksMs
  } catch {
    return undefined
  }
}

let ticksMs: number | undefined

function statOf(pid: string): { parent: number; ticks: number; ticksOfEnded: number } | undefined {
  try {
    // Its name may hold anything, and ends with the last bracket. From there on: state, parent, …
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [user = 0, system = 0, userOfEnded = 0, systemOfEnded = 0] = fields.slice(11, 15)
    return { parent: fields[1] ?? 0, ticks: user + system, ticksOfEnded: userOfEnded + systemOfEnded }
  } catch {
    // It has ended since.
    return undefined
  }
}
