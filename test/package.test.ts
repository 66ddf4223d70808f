import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'payproof-'))
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
let packed: string[] = []

beforeAll(() => {
  const [tarball] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', project], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).replace(/^[^[]*/, ''),
  ) as [{ filename: string; files: { path: string }[] }]
  packed = tarball.files.map(({ path }) => path)
  writeFileSync(join(project, 'package.json'), '{"name":"merchant","private":true}')
  run(
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    `./${tarball.filename}`,
    'express@5',
    '@types/express@5',
    '@types/node@20',
    'typescript@6.0.3',
  )
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

const useAll = `
const store = memoryStore()
const receiver = createReceiver({ provider: caspay({ secret: 'whsec_0123456789abcdef' }), store, observe: () => {} })
receiver.receive({ headers: {}, body: '{}' }, () => {}).then((outcome) => {
  console.log(outcome.kind, outcome.reply.status, typeof expressWebhook(receiver, () => {}), isWebhookError(outcome.error), outcome.error instanceof WebhookError)
})`

describe('the packed package', () => {
  it('holds what it should and nothing else', () => {
    const unexpected = packed.filter(
      (path) => !/^(dist\/[\w.-]+\.(js|cjs|d\.ts|d\.cts)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(path),
    )
    expect(unexpected).toEqual([])
    for (const file of ['index', 'express'])
      for (const end of ['js', 'cjs', 'd.ts', 'd.cts']) expect(packed).toContain(`dist/${file}.${end}`)
  })

  it('brings zod and nothing else', () => {
    const tree = JSON.parse(run('npm', 'ls', '--json', '--all')) as {
      dependencies: { payproof: { dependencies: object } }
    }
    expect(Object.keys(tree.dependencies.payproof.dependencies).filter((name) => name !== 'express')).toEqual(['zod'])
  })

  it('works as an ES module', () => {
    writeFileSync(
      join(project, 'main.mjs'),
      `import { caspay, createReceiver, isWebhookError, memoryStore, WebhookError } from 'payproof'\nimport { expressWebhook } from 'payproof/express'\n${useAll}`,
    )
    expect(run('node', 'main.mjs').trim()).toBe('rejected 401 function true true')
  })

  it('works as CommonJS', () => {
    writeFileSync(
      join(project, 'main.cjs'),
      `const { caspay, createReceiver, isWebhookError, memoryStore, WebhookError } = require('payproof')\nconst { expressWebhook } = require('payproof/express')\n${useAll}`,
    )
    expect(run('node', 'main.cjs').trim()).toBe('rejected 401 function true true')
  })

  it('knows its errors across the two formats, and its own class across entries', () => {
    writeFileSync(
      join(project, 'both.mjs'),
      `
      import { createRequire } from 'node:module'
      import { isWebhookError } from 'payproof'
      const { caspay } = createRequire(import.meta.url)('payproof')
      try { caspay({ secret: '' }) } catch (error) { console.log(isWebhookError(error)) }`,
    )
    expect(run('node', 'both.mjs').trim()).toBe('true')
    const classes = readdirSync(join(project, 'node_modules/payproof/dist')).filter((file) => /\.(js|cjs)$/.test(file))
    for (const end of ['js', 'cjs']) {
      const holding = classes
        .filter((file) => file.endsWith(`.${end}`))
        .filter(
          (file) =>
            run('grep', '-c', '', join('node_modules/payproof/dist', file)) &&
            /payproof\.WebhookError/.test(run('cat', join('node_modules/payproof/dist', file))),
        )
      expect(holding.length).toBe(1)
    }
  })

  it.each(['NodeNext', 'Bundler'])('has types under %s resolution, for both formats', (resolution) => {
    const source = `import { caspay, createReceiver, memoryStore } from 'payproof'
import { expressWebhook } from 'payproof/express'
const receiver = createReceiver({ provider: caspay({ secret: process.env['X'] }), store: memoryStore() })
export const handler = expressWebhook(receiver, (event, { req }) => {
  req.method satisfies string
  if (event.type === 'payment.completed') event.data.payment.id satisfies string
  // @ts-expect-error no such type
  if (event.type === 'payment.complete') return
})\n`
    for (const end of resolution === 'NodeNext' ? ['mts', 'cts'] : ['ts']) {
      writeFileSync(join(project, `main.${end}`), source)
      const module = resolution === 'NodeNext' ? 'NodeNext' : 'ESNext'
      run(
        'npx',
        'tsc',
        '--noEmit',
        '--strict',
        '--target',
        'es2022',
        '--types',
        'node',
        '--module',
        module,
        '--moduleResolution',
        resolution,
        `main.${end}`,
      )
    }
  })
})
