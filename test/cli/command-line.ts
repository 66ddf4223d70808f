import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Ran {
  /** Of the process: `null` where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly all: string
}

export interface CommandLine {
  readonly program: string
  /** A file of its own, by its content. */
  file(name: string, content: string | Uint8Array): string
  run(args: readonly string[], options?: RunOptions): Promise<Ran>
  close(): void
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string | Uint8Array
  /** Typed when the process has asked something. */
  readonly answer?: string
  /** Told of the process while it runs. */
  readonly onStart?: (pid: number) => void
  readonly onStderr?: (text: string) => void
  /** On a terminal of its own, made by `script`; what it writes to either is then in `stdout`. */
  readonly terminal?: boolean
  readonly cwd?: string
}

/** The command line tool as it is built, for processes of its own as a user starts them. */
export async function buildCommandLine(): Promise<CommandLine> {
  // Within the repository, so that `zod` is found as a merchant's project finds it.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/cli-'))
  const program = join(folder, 'cli.mjs')
  await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outdir: folder,
    entryNames: 'cli',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    external: ['zod'],
    alias: { '#hmac': join(root, 'src/core/hmac.ts') },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    logLevel: 'error',
  })
  return {
    program,
    file(name, content) {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    },
    run: (args, options) =>
      options?.terminal
        ? run('script', ['-qec', [process.execPath, program, ...args].join(' '), '/dev/null'], options)
        : run(process.execPath, [program, ...args], options),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The environment without what a developer's shell or a test before may have set. */
const clean = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/_(SECRET|TOKEN|KEY|ID|URL)$|COLOR|^NODE_OPTIONS|^VITEST/.test(name),
    ),
  )

export function run(
  command: string,
  args: readonly string[],
  { env, input, answer, onStart, onStderr, cwd = root }: RunOptions = {},
): Promise<Ran> {
  const child = spawn(command, args, { cwd, env: { ...clean(), ...env } })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => onStderr?.(chunk.toString()))
  // A command that refuses its arguments does not wait for input.
  child.stdin.on('error', () => {})
  if (answer !== undefined)
    child.stdout.on('data', (chunk: Buffer) => /: $/.test(String(chunk)) && child.stdin.write(answer))
  else if (input === undefined) child.stdin.end()
  else child.stdin.end(input)
  if (child.pid !== undefined) onStart?.(child.pid)
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const [stdout, stderr] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()]
      resolve({ code, stdout, stderr, all: stdout + stderr })
    })
  })
}

/** Whatever a terminal would act upon. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
export const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/
