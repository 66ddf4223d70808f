import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'payproof-'))
function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: project, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}
let packed: string[] = []

beforeAll(() => {
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', project]
  const [tarball] = JSON.parse(
    execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
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

/** A text that only this provider's file holds. */
const marks = {
  caspay: 'x-caspay-signature',
  kasperopay: 'kaspa-store.com',
  mugglepay: 'api.mugglepay.com',
  payqi: 'x-payqi-signature',
  payvost: 'payvost-signature',
}

const ceilings = [
  {
    name: 'root and one provider, without zod',
    code: "export { createReceiver, memoryStore, caspay } from 'payproof'",
    kB: 20.5,
    external: ['zod'],
  },
  {
    name: 'root and one provider, with zod',
    code: "export { createReceiver, memoryStore, caspay } from 'payproof'",
    kB: 28.5,
    external: [],
  },
  { name: 'everything in the root, without zod', code: "export * from 'payproof'", kB: 31, external: ['zod'] },
  { name: 'payproof/testing alone', code: "export * from 'payproof/testing'", kB: 28, external: ['zod'] },
  ...['express', 'fastify', 'fetch', 'hono', 'koa', 'lambda', 'node'].map((entry) => ({
    name: `payproof/${entry} alone`,
    code: `export * from 'payproof/${entry}'`,
    // Most of it is in the root too.
    kB: 4.5,
    external: ['zod'],
  })),
  ...['queue', 'bullmq', 'pg-boss'].map((entry) => ({
    name: `payproof/${entry} alone`,
    code: `export * from 'payproof/${entry}'`,
    kB: 3.2,
    external: ['zod'],
  })),
  ...['sqlite', 'redis', 'postgres', 'mysql'].map((store) => ({
    name: `payproof/stores/${store} alone`,
    code: `export * from 'payproof/stores/${store}'`,
    kB: 5,
    external: ['zod'],
  })),
  {
    name: 'payproof/otel beside the root, without zod',
    code: "export { createReceiver } from 'payproof'; export * from 'payproof/otel'",
    kB: 17.5,
    external: ['zod', '@opentelemetry/api'],
  },
]

async function bundle(code: string, external: string[], conditions: string[] = []) {
  const { outputFiles, warnings } = await build({
    stdin: { contents: code, resolveDir: project },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: conditions.length > 0 ? 'neutral' : 'node',
    mainFields: ['module', 'main'],
    conditions,
    external,
    logLevel: 'silent',
  })
  return { text: outputFiles[0]?.text ?? '', warnings }
}

describe('the packed package', () => {
  it('is clean to publint', async () => {
    const { messages } = await publint({ pkgDir: join(project, 'node_modules/payproof'), strict: true })
    expect(messages).toEqual([])
  })

  it.each(ceilings)('$name: at most $kB kB, minified and gzipped', async ({ code, kB, external }) => {
    // The diagnosis is imported when it is needed.
    const { text } = await bundle(code, [...external, './explain-*'])
    const size = gzipSync(text).length / 1000
    process.stdout.write(`${size.toFixed(1)} kB of ${kB}: ${code}\n`)
    expect(size).toBeLessThanOrEqual(kB)
  })

  it.each(Object.keys(marks))('with %s bundles no other provider', async (name) => {
    const { text } = await bundle(`export { createReceiver, ${name} } from 'payproof'`, ['zod'])
    for (const [provider, mark] of Object.entries(marks))
      expect([provider, text.includes(mark)]).toEqual([provider, provider === name])
  })

  it('bundles for the edge without a trace of Node', async () => {
    const { text, warnings } = await bundle(
      `export * from 'payproof'; export * from 'payproof/fetch'; export * from 'payproof/hono'`,
      [],
      ['workerd', 'worker', 'browser'],
    )
    expect(warnings).toEqual([])
    expect(/["'](node:)?crypto["']|timingSafeEqual|\bBuffer\b/.exec(text)?.[0]).toBeUndefined()
  })

  it('holds what it should and nothing else', () => {
    const unexpected = packed.filter(
      (path) =>
        !/^(dist\/((providers|stores|testing|cli|inspector)\/)?[\w.-]+\.(js|cjs|d\.ts|d\.cts)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(
          path,
        ),
    )
    expect(unexpected).toEqual([])
    for (const file of [
      'index',
      'express',
      'stores/redis',
      'queue',
      'bullmq',
      'pg-boss',
      'otel',
      'testing',
      'testing/vitest',
      'testing/jest',
      'inspector',
    ])
      for (const end of ['js', 'cjs', 'd.ts', 'd.cts']) expect(packed).toContain(`dist/${file}.${end}`)
  })

  it('brings zod and nothing else', () => {
    const installed = readdirSync(join(project, 'node_modules'))
    expect(installed).toContain('zod')
    const absent = ['fastify', 'hono', 'koa', 'bullmq', 'pg-boss', '@noble', '@opentelemetry']
    for (const name of absent) expect(installed).not.toContain(name)
  })

  it('works as an ES module', () => {
    writeFileSync(
      join(project, 'main.mjs'),
      `import { caspay, createReceiver, isWebhookError, memoryStore, WebhookError } from 'payproof'\nimport { expressWebhook } from 'payproof/express'\n${useAll}`,
    )
    expect(run('node', 'main.mjs').trim()).toBe('rejected 401 function true true')
  })

  it.each(['mjs', 'cjs'])('has the inspector and its page, loaded when asked for: %s', (end) => {
    const load = (names: string, from: string) =>
      end === 'mjs' ? `import { ${names} } from '${from}'` : `const { ${names} } = require('${from}')`
    writeFileSync(
      join(project, `inspector.${end}`),
      `${load('caspay, createReceiver, memoryStore', 'payproof')}\n${load('inspector', 'payproof/inspector')}
const provider = caspay({ secret: 'whsec_0123456789abcdef' })
const inspected = inspector(createReceiver({ provider, store: memoryStore(), observe: () => {} }), { provider })
async function run() {
  await inspected.receiver.receive({ headers: {}, body: '{}' }, () => {})
  const at = async (path) => (await inspected.fetch(new Request('http://localhost' + inspected.path + path))).text()
  const script = await at('page.js')
  const { summary, diagnosis } = JSON.parse(await at('deliveries/1'))
  console.log(/src="page.js"/.test(await at('')), script.length > 20_000, summary.code, diagnosis.cause)
}
run()`,
    )
    expect(run('node', `inspector.${end}`).trim()).toBe('true true signature_missing signature_missing')
  })

  it('bundles nothing of the inspector with the root', async () => {
    const { text } = await bundle(`export * from 'payproof'; export * from 'payproof/express'`, ['zod'])
    expect(text).not.toContain('_payproof')
    const { text: inspector } = await bundle(`export * from 'payproof/inspector'`, [
      'zod',
      '#inspector-page',
      './explain-*',
    ])
    expect(inspector).toContain('_payproof')
  })

  it('bundles nothing of OpenTelemetry with the root', async () => {
    const { text } = await bundle(`export * from 'payproof'; export * from 'payproof/express'`, ['zod', './explain-*'])
    expect(text).not.toContain('payproof.deliveries')
    expect(text).not.toContain('opentelemetry')
  })

  it.each(['mjs', 'cjs'])('is seen by OpenTelemetry, from whatever it is imported: %s', (end) => {
    symlinkSync(join(root, 'node_modules/@opentelemetry'), join(project, 'node_modules/@opentelemetry'))
    const load = (names: string, from: string) =>
      end === 'mjs' ? `import { ${names} } from '${from}'` : `const { ${names} } = require('${from}')`
    writeFileSync(
      join(project, `otel.${end}`),
      `${load('caspay, memoryStore', 'payproof')}\n${load('createInstrumentedReceiver', 'payproof/otel')}
${load('BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor', '@opentelemetry/sdk-trace-base')}
const exporter = new InMemorySpanExporter()
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const provider = caspay({ secret: 'whsec_0123456789abcdef' })
const receiver = createInstrumentedReceiver({ provider, store: memoryStore(), observe: () => {} }, { tracerProvider })
receiver.receive({ headers: {}, body: '{}' }, () => {}).then((outcome) => {
  console.log(outcome.kind, exporter.getFinishedSpans().map((span) => span.name).join())
})`,
    )
    const printed = run('node', `otel.${end}`).trim()
    rmSync(join(project, 'node_modules/@opentelemetry'))
    expect(printed).toBe('rejected process caspay')
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

  it.each(['import', 'require'])('gives deliveries to tests, by %s', (way) => {
    const names = '{ deliver, payproofMatchers, signDelivery, standInApi, storeContract, tamper }'
    const lines = {
      import: `import { caspay, createReceiver, memoryStore } from 'payproof'\nimport ${names} from 'payproof/testing'`,
      require: `const { caspay, createReceiver, memoryStore } = require('payproof')\nconst ${names} = require('payproof/testing')`,
    }
    const file = way === 'import' ? 'testing.mjs' : 'testing.cjs'
    writeFileSync(
      join(project, file),
      `${lines[way as 'import' | 'require']}
      const secret = 'whsec_0123456789abcdef'
      const receiver = createReceiver({ provider: caspay({ secret }), store: memoryStore(), observe: () => {} })
      const paid = signDelivery('caspay', 'payment.received', { secret })
      const answers = [paid, paid, tamper(paid)].map((each) => deliver(receiver, each))
      Promise.all(answers).then((all) => console.log(all.map(({ status, outcome }) => status + ' ' + outcome.kind).join()))`,
    )
    expect(run('node', file).trim()).toBe('200 processed,200 duplicate,401 rejected')
  })

  it('has types for its tests without Vitest and Jest being there', () => {
    writeFileSync(
      join(project, 'types.mts'),
      `import { deliver, signDelivery } from 'payproof/testing'
const delivery = signDelivery('payqi', 'payment.completed', { secret: 's', data: { metadata: { order_id: 'o' }, amount: 1 } })
export const answer: Promise<{ readonly status: number }> = deliver('http://127.0.0.1/', delivery)
// @ts-expect-error no such event
signDelivery('payqi', 'payment.complete', { secret: 's' })\n`,
    )
    expect(run('cat', 'node_modules/payproof/dist/testing.d.ts')).not.toMatch(/from ['"](vitest|jest|expect)/)
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node', '--skipLibCheck']
    run('npx', 'tsc', ...options, '--module', 'NodeNext', '--moduleResolution', 'NodeNext', 'types.mts')
  })

  it('has a command line', () => {
    const { version } = JSON.parse(run('cat', 'node_modules/payproof/package.json')) as { version: string }
    expect(run('node_modules/.bin/payproof', '--version').trim()).toBe(version)
    expect(run('node_modules/.bin/payproof', 'schema', 'sqlite')).toContain(
      'CREATE TABLE IF NOT EXISTS payproof_events',
    )
    expect(run('node_modules/.bin/payproof', 'send', 'caspay', '--list')).toContain('payment.received')
    const { status, stderr } = spawnSync('node_modules/.bin/payproof', ['frobnicate'], {
      cwd: project,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^error: unknown command 'frobnicate'/m)])
  })

  it('explains and sends from where it is installed', () => {
    const env = { ...process.env, PAYPROOF_SECRET: 'whsec_0123456789abcdef' }
    const payproof = (...args: string[]) =>
      spawnSync('node_modules/.bin/payproof', args, { cwd: project, encoding: 'utf8', env })
    for (const file of ['body', 'headers']) writeFileSync(join(project, file), '')
    const explained = payproof('explain', 'caspay', '--body', 'body', '--headers', 'headers', '--json')
    expect([explained.status, JSON.parse(explained.stdout).cause]).toEqual([1, 'signature_missing'])
    const sent = payproof('send', 'caspay', '--to', 'http://127.0.0.1:1/', '--json')
    expect([sent.status, JSON.parse(sent.stdout).answers]).toEqual([
      1,
      [{ kind: 'genuine', answer: 'ECONNREFUSED', count: 1 }],
    ])
  })
})
