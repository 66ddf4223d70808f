import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What measures and what serves, as plain JavaScript. It goes with this process. */
export async function buildScaling(): Promise<string> {
  const outdir = join(root, '.cache', `scaling-${process.pid}`)
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  await build({
    entryPoints: ['run', 'server'].map((name) => join(root, 'scaling', `${name}.ts`)),
    tsconfig: join(root, 'tsconfig.json'),
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
