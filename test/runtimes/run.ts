/**
 * Installs the packed package into scratch projects and drives it in every runtime: `npm run test:runtimes`.
 * The runtimes come from the npm registry into `.cache/runtimes`, which is kept between runs.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createCases } from './cases'

interface Row {
  readonly name: string
  readonly version: string
  readonly problem?: string
  /** Why this machine cannot run it. */
  readonly absent?: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, '.cache/runtimes')
const compiled = join(root, '.cache/compiled')
const project = mkdtempSync(join(tmpdir(), 'payproof-runtimes-'))
/** As the packages that ship the binaries are named. */
const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
const cases = createCases()
const rows: Row[] = []

const run = (command: string, args: readonly string[], cwd = project): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 600_000 })
const say = (text: string) => process.stdout.write(`${text}\n`)

try {
  installRuntimes()
  installPackage()
  for (const version of [20, 22, 24, 26]) {
    const binary = inCache(`node${version}`, 'bin/node')
    await row(
      `Node ${version}, ES module`,
      () => runAnswers(binary, ['main.mjs']),
      () => run(binary, ['--version']),
    )
    await row(
      `Node ${version}, CommonJS`,
      () => runAnswers(binary, ['main.cjs']),
      () => run(binary, ['--version']),
    )
    await row(
      `Node ${version}, sockets`,
      () => runSockets(binary, ['sockets.mjs']),
      () => run(binary, ['--version']),
    )
  }
  const bun = inCache(`@oven/bun-${platform}`, 'bin/bun')
  await row(
    'Bun',
    () => runAnswers(bun, ['main.mjs']),
    () => run(bun, ['--version']),
  )
  const deno = inCache(`@deno/${platform}${process.platform === 'linux' ? '-glibc' : ''}`, 'deno')
  await row(
    'Deno',
    () => runAnswers(deno, ['run', '-A', 'main.mjs']),
    () => run(deno, ['--version']),
  )
  await row(
    'Bun, sockets',
    () => runSockets(bun, ['sockets.mjs']),
    () => run(bun, ['--version']),
  )
  await row(
    'Deno, sockets',
    () => runSockets(deno, ['run', '-A', 'sockets.mjs']),
    () => run(deno, ['--version']),
  )
  const node24 = inCache('node24', 'bin/node')
  await row(
    'node:sqlite, store contract',
    () => runSqlite(node24),
    () => run(node24, ['--version']),
  )
  await row(
    'bun:sqlite, store contract',
    () => runSqlite(bun),
    () => run(bun, ['--version']),
  )
  await row('better-sqlite3, store contract', runBetterSqlite, () =>
    versionIn(join(compiled, 'node_modules/better-sqlite3')),
  )
  await row('workerd', runInWorkerd, () => versionOf('workerd'))
  await row(
    'no code generation',
    () => runAnswers(process.execPath, ['--disallow-code-generation-from-strings', 'main.mjs']),
    () => process.version,
  )
  await row('Jest', runJest, () => versionOf('jest'))
  await row('types, all resolutions', checkTypes, () => versionOf('@arethetypeswrong/cli'))
} finally {
  rmSync(project, { recursive: true, force: true })
}
report()

function installRuntimes(): void {
  mkdirSync(cache, { recursive: true })
  const wanted = {
    ...Object.fromEntries([20, 22, 24, 26].map((version) => [`node${version}`, `npm:node-${platform}@${version}`])),
    bun: '1',
    deno: '2',
    miniflare: '4',
    esbuild: '0.28',
    jest: '30',
    '@arethetypeswrong/cli': '0.18',
    typescript: '6.0',
  }
  const manifest = JSON.stringify({ private: true, dependencies: wanted })
  // Written when all is there; npm rewrites the manifest itself.
  const installed = join(cache, 'installed.json')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === manifest) return
  say('Installing runtimes into .cache/runtimes; this takes a minute or two, once.')
  writeFileSync(join(cache, 'package.json'), manifest)
  run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'], cache)
  writeFileSync(installed, manifest)
}

function installPackage(): void {
  const packed = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], root),
  ) as [{ filename: string }]
  writeFileSync(join(project, 'package.json'), '{"private":true}')
  run('npm', ['install', '--no-audit', '--no-fund', `./${packed[0].filename}`])
  for (const file of ['answers.mjs', 'sqlite.mjs', 'sockets.mjs'])
    copyFileSync(join(root, 'test/runtimes', file), join(project, file))
  const commonJs = readFileSync(join(project, 'answers.mjs'), 'utf8')
    .replace(/import (.*) from ('.*')/g, 'const $1 = require($2)')
    .replace('export async function', 'module.exports.answers = answers\nasync function')
  writeFileSync(join(project, 'answers.cjs'), commonJs)
  writeFileSync(join(project, 'cases.json'), JSON.stringify(cases))
  const readCases = `JSON.parse(readFileSync('cases.json', 'utf8'))`
  const print = `.then((given) => console.log(JSON.stringify(given)))`
  writeFileSync(
    join(project, 'main.mjs'),
    `import { readFileSync } from 'node:fs'\nimport { answers } from './answers.mjs'\nanswers(${readCases})${print}\n`,
  )
  writeFileSync(
    join(project, 'main.cjs'),
    `const { readFileSync } = require('node:fs')\nconst { answers } = require('./answers.cjs')\nanswers(${readCases})${print}\n`,
  )
}

function inCache(name: string, path: string): string {
  return join(cache, 'node_modules', name, path)
}

function versionOf(name: string): string {
  return versionIn(join(cache, 'node_modules', name))
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}

async function row(
  name: string,
  play: () => string[] | undefined | Promise<string[]>,
  version: () => string,
): Promise<void> {
  try {
    const given = await play()
    const wrong = given && cases.findIndex(({ expected }, index) => given[index] !== expected)
    const problem =
      given === undefined || wrong === undefined || wrong === -1
        ? undefined
        : `${cases[wrong]?.name}: expected ${cases[wrong]?.expected}, got ${given[wrong]}`
    rows.push({ name, version: version().trim().split('\n')[0] ?? '', ...(problem ? { problem } : {}) })
  } catch (error) {
    const { message, stderr, stdout, code } = error as {
      message: string
      stderr?: string
      stdout?: string
      code?: string
    }
    if (code === 'ENOENT') return void rows.push({ name, version: '', absent: `no binary for ${platform}` })
    rows.push({ name, version: '', problem: `${message}\n${stderr ?? ''}${stdout ?? ''}` })
  }
}

function runAnswers(binary: string, args: readonly string[]): string[] {
  return JSON.parse(run(binary, args)) as string[]
}

/** Throws at the first answer that is wrong. */
function runSockets(binary: string, args: readonly string[]): undefined {
  run(binary, args)
}

/** Throws at the first check that does not hold. */
function runSqlite(binary: string, ...module: string[]): undefined {
  run(binary, ['sqlite.mjs', ...module])
}

/** Compiled where it is installed, for the Node that runs this: that takes minutes, once. */
function runBetterSqlite(): undefined {
  const binary = join(compiled, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node')
  if (!existsSync(binary)) {
    say('Compiling better-sqlite3 into .cache/compiled; this takes some minutes, once.')
    mkdirSync(compiled, { recursive: true })
    writeFileSync(join(compiled, 'package.json'), '{"private":true}')
    run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', 'better-sqlite3@12'], compiled)
  }
  runSqlite(process.execPath, pathToFileURL(join(compiled, 'node_modules/better-sqlite3/lib/index.js')).href)
}

/** Bundled for the edge, where `node:crypto` must not be pulled in, and run by Cloudflare's own runtime. */
async function runInWorkerd(): Promise<string[]> {
  const worker = `import { answers } from './answers.mjs'
export default { async fetch(request) { return Response.json(await answers(await request.json())) } }`
  writeFileSync(join(project, 'worker.mjs'), worker)
  const bundle = [
    'worker.mjs',
    '--bundle',
    '--format=esm',
    '--conditions=workerd,worker,browser',
    '--outfile=bundle.mjs',
  ]
  run(process.execPath, [inCache('esbuild', 'bin/esbuild'), ...bundle])
  const script = readFileSync(join(project, 'bundle.mjs'), 'utf8')
  if (/["']node:|["']crypto["']/.test(script)) throw new Error('the edge bundle imports from Node')
  const { Miniflare } = (await import(pathToFileURL(createRequire(join(cache, 'x.js')).resolve('miniflare')).href)) as {
    Miniflare: new (
      options: object,
    ) => { dispatchFetch(url: string, init: object): Promise<Response>; dispose(): Promise<void> }
  }
  const flare = new Miniflare({ modules: true, script, compatibilityDate: '2026-01-01' })
  try {
    const answer = await flare.dispatchFetch('http://worker/', { method: 'POST', body: JSON.stringify(cases) })
    return (await answer.json()) as string[]
  } finally {
    await flare.dispose()
  }
}

/** Compares by itself. */
function runJest(): undefined {
  writeFileSync(
    join(project, 'payproof.test.js'),
    `
    const cases = require('./cases.json')
    const { answers } = require('./answers.cjs')
    test('answers', async () => expect(await answers(cases)).toEqual(cases.map(({ expected }) => expected)))`,
  )
  run(process.execPath, [inCache('jest', 'bin/jest.js'), '--rootDir', project, '--ci'])
}

/** Are the types wrong? All but node10 resolution, which knows no "exports". */
function checkTypes(): undefined {
  const [tarball = ''] = readdirSync(project).filter((file) => file.endsWith('.tgz'))
  const cli = inCache('@arethetypeswrong/cli', 'dist/index.js')
  // Into a file: a pipe is cut off where the tool exits before all of it is read.
  const answer = join(project, 'attw.json')
  const file = openSync(answer, 'w')
  spawnSync(process.execPath, [cli, join(project, tarball), '--format', 'json'], { stdio: ['ignore', file, 'ignore'] })
  closeSync(file)
  const { analysis } = JSON.parse(readFileSync(answer, 'utf8')) as {
    analysis: { problems: { kind: string; resolutionKind?: string }[] }
  }
  const problems = analysis.problems.filter(({ resolutionKind }) => resolutionKind !== 'node10')
  if (problems.length > 0) throw new Error(JSON.stringify(problems, null, 1))
}

function report(): void {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const verdict = ({ problem, absent }: Row) =>
    absent === undefined ? (problem === undefined ? 'right' : 'WRONG') : `not run: ${absent}`
  for (const each of rows) say(`${each.name.padEnd(width)}  ${each.version.slice(0, 16).padEnd(16)}  ${verdict(each)}`)
  for (const { name, problem } of rows) if (problem !== undefined) say(`\n${name}: ${problem}`)
  const failed = rows.filter(({ problem }) => problem !== undefined).length
  const absent = rows.filter((each) => each.absent !== undefined).length
  say(
    `\n${cases.length} cases in each row that plays deliveries, ${rows.length} rows\n${rows.length - failed - absent} passed, ${failed} failed, ${absent} skipped`,
  )
  process.exitCode = failed === 0 && (absent === 0 || process.env['CI'] !== 'true') ? 0 : 1
}
