import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildScripts } from '../chaos/scripts'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

/** Builds the package as it is published. */
export async function buildPackage(): Promise<void> {
  await run('npm', ['run', '--silent', 'build'], { cwd: root })
}

/**
 * The scripts that measure: they import `payproof` by its own name, and so what was built. Not from within `node_modules`, where a
 * package does not find itself.
 */
export function buildBench(): Promise<string> {
  return buildScripts('bench', ['bench/worker.ts', 'bench/http-server.ts'], { payproof: 'package' })
}
