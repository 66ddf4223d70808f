import type { ReadStream } from 'node:tty'
import { inertJson } from './inert'
import { createStyle, type Style, wantsColour } from './style'

export { inert } from './inert'

/** Where a command's words go: results to stdout, everything else to stderr. */
export interface Terminal {
  /** A result, for people. Text from outside goes through `inert` first. */
  print(text: string): void
  /** A result, for programs: one document, or one line of a stream where `lines` is set. */
  printJson(value: unknown, options?: { lines?: boolean }): void
  /** Progress, warnings and errors. */
  note(text: string): void
  /** One line on stderr that the next call writes over; nothing where stderr is no terminal. `''` wipes it. */
  progress(text: string): void
  /** The answer is bad: the exit code becomes 1. */
  fail(): void
  readonly failed: boolean
  /** For what is printed, and for what is noted. */
  readonly style: Style
  readonly noteStyle: Style
  /** Columns of the terminal, 80 where there is none. */
  readonly width: number
  /** Whether a person can be asked: stdin and stderr are both a terminal. */
  readonly interactive: boolean
  readonly input: ReadStream
  readonly env: NodeJS.ProcessEnv
}

/** Wrong usage: exit code 2, with what to do instead. Its text is shown as it is. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function createTerminal({ stdin, stdout, stderr, env }: NodeJS.Process = process): Terminal {
  let failed = false
  let drawn = false
  const wipe = () => {
    if (drawn) stderr.write('\r\u001b[2K')
    drawn = false
  }
  return {
    print: (text) => {
      wipe()
      stdout.write(`${text}\n`)
    },
    printJson: (value, { lines = false } = {}) => {
      wipe()
      stdout.write(`${inertJson(value, lines ? undefined : 2)}\n`)
    },
    note: (text) => {
      wipe()
      stderr.write(`${text}\n`)
    },
    progress: (text) => {
      if (!stderr.isTTY) return
      wipe()
      if (text === '') return
      stderr.write(text)
      drawn = true
    },
    fail: () => {
      failed = true
    },
    get failed() {
      return failed
    },
    style: createStyle(wantsColour(stdout.isTTY, env)),
    noteStyle: createStyle(wantsColour(stderr.isTTY, env)),
    width: stdout.columns || 80,
    interactive: Boolean(stdin.isTTY && stderr.isTTY),
    input: stdin,
    env,
  }
}
