import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, expect } from 'vitest'
import * as commandLine from '../cli/command-line'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'payproof-command-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Bundles a file of this repository, or a text, whole: it runs where no package is installed. */
export async function bundled(name: string, source: { path: string } | { text: string }): Promise<string> {
  const outfile = join(folder, name)
  await build({
    ...('path' in source
      ? { entryPoints: [join(root, source.path)] }
      : { stdin: { contents: source.text, resolveDir: join(root, 'test'), loader: 'ts' } }),
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    alias: { '#hmac': join(root, 'src/core/hmac.ts') },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    logLevel: 'error',
  })
  return outfile
}

const program = bundled('payproof.mjs', { path: 'src/cli/main.ts' })

export interface Ran extends commandLine.Ran {
  /** What `--json` printed. */
  json<T>(): T
}

/** Runs the command as a user does, and looks for the secrets of its environment, and for what is not inert, in what it says. */
export async function payproof(
  args: readonly string[],
  { env = {}, cwd = root }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Ran> {
  const ran = await commandLine.run(process.execPath, [await program, ...args], { cwd, env })
  for (const [name, value] of Object.entries(env))
    if (/SECRET|TOKEN|KEY|PASSWORD/.test(name) && value.trim().length > 7)
      expect([name, ran.all.includes(value.trim())]).toEqual([name, false])
  expect(ran.all).not.toMatch(commandLine.unsafe)
  return { ...ran, json: () => JSON.parse(ran.stdout || JSON.stringify(ran)) }
}
