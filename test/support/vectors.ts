import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'vitest'

/** Outside test data that is not part of this repository. */
const folder = resolve(process.env['PAYPROOF_VECTORS'] ?? '../shared/vectors')

export const readVector = (path: string): Buffer => readFileSync(resolve(folder, path))
export const vectorPath = (path: string): string => resolve(folder, path)
export const readJsonVector = <T>(path: string): T => JSON.parse(readVector(path).toString('utf8')) as T

/** A suite over outside data; where the data is absent, one test that says so. */
export function describeVectors(name: string, suite: () => void): void {
  if (existsSync(folder)) describe(name, suite)
  else notRun(`${name}: skipped, there is no folder ${folder} (set PAYPROOF_VECTORS)`)
}

/** One test that names what this machine could not run, also where the reporter shows no skipped tests. */
export function notRun(what: string): void {
  it(what, ({ skip }) => {
    console.warn(`not run: ${what}`)
    skip()
  })
}
