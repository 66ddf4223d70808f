import { execFileSync } from 'node:child_process'

/** What a server says of itself, or that this machine has none. */
export function versionOf(binary: string | undefined): string {
  if (binary === undefined) return 'none'
  const said = execFileSync(binary, ['--version'], { encoding: 'utf8' })
  return /\d+\.\d+(\.\d+)?[^\s]*/.exec(said)?.[0] ?? 'unknown'
}
