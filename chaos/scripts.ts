import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Scripts as plain JavaScript, by their paths in the repository: processes of their own start in half the time, and a run is one
 * version of the code from beginning to end. Their folder lies in `cache` and goes with this process. `payproof` is the sources, or
 * the package as it was built.
 */
export async function buildScripts(
  name: string,
  scripts: readonly string[],
  { cache = '.cache', payproof = 'sources' }: { cache?: string; payproof?: 'sources' | 'package' } = {},
): Promise<string> {
  const outdir = join(root, cache, `${name}-${process.pid}`)
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  await build({
    entryPoints: scripts.map((script) => join(root, script)),
    // Whose paths lead to the sources.
    ...(payproof === 'sources' ? { tsconfig: join(root, 'tsconfig.json') } : { tsconfigRaw: {} }),
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
