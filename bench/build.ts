import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

/** Builds the package as it is published. */
export async function buildPackage(): Promise<void> {
  await run('npm', ['run', '--silent', 'build'], { cwd: root })
}

/**
 * The scripts that measure, as plain JavaScript: they import `payproof` by its own name, and so what was built. Not from
 * within `node_modules`, where a package does not find itself. They go with this process.
 */
export async function buildBench(): Promise<string> {
  const outdir = join(root, '.cache', `bench-${process.pid}`)
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  await build({
    entryPoints: ['worker', 'http-server'].map((name) => join(root, 'bench', `${name}.ts`)),
    // Without the paths of the project's own: those lead to the sources.
    tsconfigRaw: {},
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  return outdir
}
