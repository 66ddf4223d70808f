import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A run of a handler, as noted before it did anything. */
export interface Run {
  readonly id: string
  /** Which claim of the event the handler was told that it runs under. */
  readonly attempt: number
}

/** A file that handlers append to, whatever becomes of stores. */
export async function withRunsFile<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'payproof-runs-'))
  const path = join(folder, 'runs')
  writeFileSync(path, '')
  try {
    return await work(path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function readRuns(path: string): Run[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.slice(0, -1).map((line) => {
    const [id = '', attempt] = line.split(' ')
    return { id, attempt: Number(attempt) }
  })
}
