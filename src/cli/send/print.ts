import { inert, type Terminal } from '../terminal'
import type { Judgement } from './judge'

export interface Summary extends Judgement {
  readonly provider: string
  readonly to: string
  readonly planned: number
  readonly sent: number
  readonly seconds: number
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`

/** What was answered, and what is wrong with it, for a person. */
export function printSummary({ print, style }: Terminal, summary: Summary): void {
  const { answers, problems, notes, events, latencyMs, sent, planned, seconds } = summary
  const width = Math.max(...answers.map(({ kind }) => kind.length))
  print(
    style.bold(
      `${plural(sent, 'delivery').replace(/ys$/, 'ies')} in ${seconds.toFixed(1)} s, ${events.acknowledged} of ${plural(events.sent, 'event')} acknowledged`,
    ),
  )
  for (const { kind, answer, count } of answers)
    print(`  ${kind.padEnd(width)}  ${inert(answer, 60).padEnd(12)}  ${count} ×`)
  print(style.dim(`  answers within ${latencyMs.median} ms (median), ${latencyMs.max} ms (longest)`))
  for (const { sentence, count } of problems)
    print(`${style.red('✗')} ${count > 1 ? `${count} ×: ` : ''}${inert(sentence)}`)
  for (const note of notes) print(style.dim(`· ${inert(note)}`))
  if (sent < planned)
    print(`${style.yellow('!')} ${planned - sent} of ${planned} were not sent: stopped, or out of time.`)
  if (problems.length === 0 && sent === planned) print(`${style.green('✓')} every answer is right`)
}

/** Redrawn at most ten times a second. */
export function createProgress(terminal: Terminal, total: number): (sent: number) => void {
  let drawnMs = 0
  return (sent) => {
    const nowMs = performance.now()
    if (total < 20 || nowMs - drawnMs < 100) return
    drawnMs = nowMs
    const cells = Math.max(10, Math.min(40, terminal.width - 20))
    const full = Math.round((sent / total) * cells)
    terminal.progress(`${'█'.repeat(full)}${'░'.repeat(cells - full)} ${sent}/${total}`)
  }
}
