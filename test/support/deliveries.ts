import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import * as registry from '../../src/providers'
import type { Provider } from '../../src/providers/provider'

export type Pairs = [string, string][]

/** A recorded delivery: see test/fixtures/make.py. */
export interface Fixture {
  name: string
  settings: Record<string, string>
  now: number
  headers: Pairs
  body_base64: string
  expected: Record<string, unknown> & { proof: { coversBody: boolean } }
  /** What an API answers, by URL. */
  api?: Record<string, string>
}

const folder = new URL('../fixtures/', import.meta.url)

export const providerNames = readdirSync(new URL('../../src/providers/', import.meta.url))
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((name) => !['index', 'provider'].includes(name))

export function readFixtures(provider: string): Fixture[] {
  return JSON.parse(readFileSync(new URL(`${provider}/deliveries.json`, folder), 'utf8')) as Fixture[]
}

export function fixture(provider: string, name: string): Fixture {
  const found = readFixtures(provider).find((candidate) => candidate.name.includes(name))
  if (found === undefined) throw new Error(`no fixture ${provider}: ${name}`)
  return found
}

export const bodyOf = ({ body_base64 }: { body_base64: string }): Buffer => Buffer.from(body_base64, 'base64')

export function createProvider(name: string, settings: object, api: Record<string, string> = {}): Provider {
  const factory = (registry as unknown as Record<string, (settings: object) => Provider>)[name]
  if (factory === undefined) throw new Error(`src/providers/index.ts exports no ${name}`)
  return factory({ ...settings, fetch: answering(api) })
}

/** A fetch that knows these URLs and nothing else. */
export function answering(api: Record<string, string>): typeof fetch {
  return async (input) => {
    const answer = api[String(input)]
    if (answer === undefined) return new Response('{}', { status: 404 })
    return new Response(answer, { headers: { 'content-type': 'application/json' } })
  }
}

export const captured = JSON.parse(readFileSync(new URL('caspay/captured.json', folder), 'utf8')) as {
  secret: string
  deliveries: { headers: Pairs; body_base64: string }[]
}

/** Signs as the providers do, with nothing of ours. */
export const hexHmac = (secret: string, ...content: (string | Uint8Array)[]): string => {
  const mac = createHmac('sha256', secret)
  for (const part of content) mac.update(part)
  return mac.digest('hex')
}

export const defaultContext = (now: number) => ({ nowMs: now, toleranceSeconds: 300, maxEventAgeSeconds: 259_200 })
