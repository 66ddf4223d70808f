import { readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { providerNames } from './support/deliveries'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The floors of the house, lowest first: a file imports from its own floor or a lower one. */
const floors = [
  ['src/errors.ts'],
  ['src/core/'],
  ['src/event.ts'],
  ['src/schemes/', 'src/stores/'],
  ['src/forms/'],
  ['src/providers/'],
  ['src/diagnosis/'],
  [
    'src/reply.ts',
    'src/request.ts',
    'src/outcome.ts',
    'src/observe.ts',
    'src/logs.ts',
    'src/options.ts',
    'src/dead-letters.ts',
    'src/job.ts',
    'src/deadline.ts',
    'src/lease.ts',
    'src/transaction.ts',
    'src/ordering.ts',
    'src/expectation.ts',
    'src/trace.ts',
    'src/attempt.ts',
    'src/handling.ts',
    'src/replay.ts',
    'src/watch.ts',
    'src/proof.ts',
  ],
  ['src/receiver.ts', 'src/explain.ts'],
  ['src/queues/'],
  ['src/index.ts', 'src/testing/'],
  ['adapters/'],
  ['src/inspector/', 'src/otel/'],
  ['src/cli/'],
]
const floorOf = (file: string) => floors.findIndex((rooms) => rooms.some((room) => file.startsWith(room)))

const files = ['src', 'adapters'].flatMap((folder) =>
  readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => `${folder}/${file}`),
)
const read = (file: string) => readFileSync(resolve(root, file), 'utf8')
const withoutComments = (file: string) => read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')

describe('the house', () => {
  it('has a floor for every file', () => {
    expect(files.filter((file) => floorOf(file) === -1)).toEqual([])
    expect(files.length).toBeGreaterThan(30)
  })

  it('has imports that point down only', () => {
    const upward: string[] = []
    for (const file of files) {
      for (const [, target = ''] of read(file).matchAll(/from '(\.[^']*)(?<!\.json)'/g)) {
        const path = relative(root, resolve(root, dirname(file), target))
        const imported = files.find((candidate) =>
          [`${path}.ts`, `${path}.tsx`, `${path}/index.ts`].includes(candidate),
        )
        expect([file, target, imported !== undefined]).toEqual([file, target, true])
        if (floorOf(imported ?? '') > floorOf(file)) upward.push(`${file} imports ${imported}`)
      }
    }
    expect(upward).toEqual([])
  })

  // @noble/hashes is bundled into the build for runtimes without node:crypto; what a merchant's tests import brings its runner.
  it('imports nothing else at run time but zod, node:crypto and @noble/hashes', () => {
    const packages = new Set<string>()
    for (const file of files.filter(
      (name) => name.startsWith('src/') && !/^src\/(cli\/|inspector\/|otel\/|testing\/vitest\.)/.test(name),
    )) {
      for (const [, type, name = ''] of read(file).matchAll(
        /^(?:import|export) (type )?[^'=(]*? from '([^.'][^']*)'/gm,
      ))
        if (!type) packages.add(name)
    }
    expect([...packages].sort()).toEqual([
      '#hmac',
      '@noble/hashes/hmac.js',
      '@noble/hashes/sha2.js',
      'node:crypto',
      'zod/mini',
      'zod/v4/core',
    ])
  })

  it('imports OpenTelemetry in src/otel alone, which imports nothing else', () => {
    const imported = (file: string) =>
      [...read(file).matchAll(/^import (?!type ).*?from '([^.'][^']*)'/gms)].map(([, name = '']) => name)
    const holding = files.filter((file) => imported(file).some((name) => name.startsWith('@opentelemetry/')))
    expect(holding.length).toBeGreaterThan(3)
    for (const file of holding)
      expect([file, imported(file)]).toEqual([expect.stringMatching(/^src\/otel\//), ['@opentelemetry/api']])
    for (const file of files.filter((name) => name.startsWith('src/otel/') && !holding.includes(name)))
      expect([file, imported(file)]).toEqual([file, []])
  })

  it('names providers in their own files only', () => {
    const names = new RegExp(providerNames.join('|'), 'i')
    const own = /^src\/(providers|testing\/senders)\//
    expect(files.filter((file) => !own.test(file) && names.test(withoutComments(file)))).toEqual([])
  })

  it('names HTTP statuses in reply, errors and the API client only', () => {
    const allowed = ['src/errors.ts', 'src/reply.ts', 'src/schemes/api-confirmation.ts']
    // What reads the answers of others has to know what they mean.
    const outside = /^src\/(cli|testing\/senders)\/|^src\/testing\/verdict\.ts|^src\/inspector\/answers\.ts/
    const named = /\bstatus(?:Code)?\b(?!":200})[^\n]*\b[2-5]\d\d\b/
    const elsewhere = files.filter((file) => !allowed.includes(file) && !outside.test(file))
    expect(elsewhere.filter((file) => named.test(withoutComments(file)))).toEqual([])
  })

  it('compares secrets in core/hmac.ts only', () => {
    const elsewhere = files.filter(
      (file) => !file.startsWith('src/core/hmac') && /timingSafeEqual|node:crypto/.test(withoutComments(file)),
    )
    expect(elsewhere).toEqual([])
    const equality = /(signature|token|secret)\w*(\.\w+)?\)* [!=]==? (?!undefined|null|'|true|\d)|\.equals\(/i
    expect(
      files.filter((file) => equality.test(withoutComments(file))).filter((file) => !file.startsWith('src/stores/')),
    ).toEqual([])
  })

  it('has no any, no non-null assertion, no enum, no default export', () => {
    const forbidden = /\bas any\b|: any\b|<any>|@ts-ignore|\benum \w|export default/
    expect(files.filter((file) => forbidden.test(withoutComments(file)))).toEqual([])
  })
})
