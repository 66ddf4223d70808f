import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
let built: Promise<string> | undefined

/**
 * The script of a worker, built once: it starts in half the time, and a run is one version of the code from beginning to
 * end. It lies within `node_modules`, where it finds the drivers, and goes with this process.
 */
export function workerScript(): Promise<string> {
  built ??= buildWorker()
  return built
}

async function buildWorker(): Promise<string> {
  const outdir = at(`../node_modules/.cache/chaos-${process.pid}`)
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  await build({
    entryPoints: [at('worker.ts')],
    tsconfig: at('../tsconfig.json'),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  return join(outdir, 'worker.mjs')
}
