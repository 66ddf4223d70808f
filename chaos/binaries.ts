import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian keeps servers where no user's PATH points. */
const besidesPath = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin', ...versionsOf('/usr/lib/postgresql')]

/** Where the first of these programs is that this machine has. */
export function findBinary(...names: readonly string[]): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...besidesPath].filter((folder) => folder !== '')
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

export function needBinary(...names: readonly string[]): string {
  const found = findBinary(...names)
  if (found === undefined) throw new Error(`This machine has no ${names.join(' or ')}.`)
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The newest first. */
function versionsOf(folder: string): string[] {
  try {
    const versions = readdirSync(folder).sort((a, b) => Number(b) - Number(a))
    return versions.map((version) => join(folder, version, 'bin'))
  } catch {
    return []
  }
}
