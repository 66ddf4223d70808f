import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'

/** Everything that the library said during a test file, and everything that it must not say. */
const texts = new Set<string>()
const secrets = new Set<string>()
const signatures = new Set<string>()

/** Shorter ones are words; no secret that the library takes is as short. */
const shortest = 16

export function rememberSecret(bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes)
  if (buffer.length < shortest) return
  for (const spelling of [buffer.toString(), buffer.toString('hex'), buffer.toString('base64').replace(/=+$/, '')])
    secrets.add(spelling)
}

export function rememberSignature(mac: Uint8Array): void {
  signatures.add(Buffer.from(mac).toString('hex')).add(Buffer.from(mac).toString('base64'))
}

/** An error, an answer, a report, a line of a log. */
export function rememberText(value: unknown): void {
  texts.add(typeof value === 'string' ? value : inspect(value, { depth: 6, maxStringLength: null }))
}

export interface Count {
  readonly texts: number
  readonly needles: number
  readonly hits: number
}

/** What was said although it must not be: never the secret itself, but the text around it. */
export function findLeaks(): { hits: string[]; count: Count } {
  const byBeginning = new Map<string, string[]>()
  for (const needle of [...secrets, ...signatures]) {
    const beginning = needle.slice(0, shortest)
    byBeginning.set(beginning, [...(byBeginning.get(beginning) ?? []), needle])
  }
  const hits = [...texts].flatMap((text) => {
    const at = indexOfNeedle(text, byBeginning)
    return at === -1 ? [] : [`…${text.slice(Math.max(0, at - 200), at)}[here]`]
  })
  return { hits, count: { texts: texts.size, needles: secrets.size + signatures.size, hits: hits.length } }
}

function indexOfNeedle(text: string, byBeginning: ReadonlyMap<string, readonly string[]>): number {
  for (let at = 0; at + shortest <= text.length; at++) {
    const candidates = byBeginning.get(text.slice(at, at + shortest))
    if (candidates?.some((needle) => text.startsWith(needle, at))) return at
  }
  return -1
}

const folder = fileURLToPath(new URL('../../.cache/said/', import.meta.url))

export function forgetCounts(): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
}

export function writeCount(count: Count): void {
  writeFileSync(`${folder}${crypto.randomUUID()}.json`, JSON.stringify(count))
}

/** Of all test files together. */
export function readCounts(): Count & { readonly files: number } {
  const counts = readdirSync(folder).map((file): Count => JSON.parse(readFileSync(folder + file, 'utf8')))
  const sum = (of: (count: Count) => number) => counts.reduce((total, count) => total + of(count), 0)
  return {
    files: counts.length,
    texts: sum(({ texts }) => texts),
    needles: sum(({ needles }) => needles),
    hits: sum(({ hits }) => hits),
  }
}
