import { isWebhookError } from '../../src'

/** What one try did, with nothing of the genuine deliveries that set it up. */
export interface Verdict {
  /** The HTTP status of the answer, or of the error where nothing was answered. */
  readonly status: number
  /** Why, as the report says it, or the error. */
  readonly code: string
  readonly handlerRuns: number
  /** Claims that the store granted. */
  readonly stored: number
  /** Calls of the store, granted or not. */
  readonly storeCalls?: number
  readonly body?: string
  /** What else is not as the row demands. */
  readonly wrong?: string | undefined
}

/** Handler and store are left alone unless the row says otherwise. */
export interface Expectation {
  readonly status: number | readonly number[]
  readonly code?: string | readonly string[]
  readonly handlerRuns?: number
  readonly stored?: number
  readonly storeCalls?: number
}

export interface Try {
  readonly name: string
  readonly expected: Expectation
  /** Not an attack, but the genuine delivery beside it: without it a receiver that refuses everything would pass. */
  readonly control?: boolean
  play(): Promise<Verdict>
}

export interface Attack {
  /** A number: see the table in docs/threat-model.md. `P`: seen in another library. */
  readonly row: string
  readonly name: string
  readonly tries: () => readonly Try[]
}

export interface Result {
  readonly row: string
  readonly name: string
  tries: number
  refused: number
  handlerRuns: number
  stored: number
  controls: number
  readonly failures: string[]
}

const unauthorized = '{"error":"unauthorized"}'

/** Plays an attack's tries one after the other and counts. */
export async function play({ row, name, tries }: Attack): Promise<Result> {
  const result: Result = { row, name, tries: 0, refused: 0, handlerRuns: 0, stored: 0, controls: 0, failures: [] }
  for (const attempt of tries()) {
    const verdict = await attempt.play().catch(threw)
    const problem = problemWith(verdict, attempt.expected)
    if (problem !== undefined) result.failures.push(`${attempt.name}: ${problem}`)
    if (attempt.control) {
      result.controls++
      continue
    }
    result.tries++
    result.handlerRuns += verdict.handlerRuns
    result.stored += verdict.stored
    if (problem === undefined) result.refused++
  }
  return result
}

function problemWith(verdict: Verdict, expected: Expectation): string | undefined {
  const { status, code, handlerRuns = 0, stored = 0, storeCalls } = expected
  const { body } = verdict
  if (verdict.wrong !== undefined) return verdict.wrong
  if (![status].flat().includes(verdict.status)) return `status ${verdict.status} (${verdict.code}), not ${status}`
  if (code !== undefined && ![code].flat().includes(verdict.code)) return `code ${verdict.code}, not ${code}`
  if (verdict.handlerRuns !== handlerRuns) return `the handler ran ${verdict.handlerRuns} times`
  if (verdict.stored !== stored) return `${verdict.stored} claims were granted`
  if (
    verdict.storeCalls !== undefined &&
    verdict.storeCalls !== (storeCalls ?? (stored === 0 ? 0 : verdict.storeCalls))
  )
    return `the store was called ${verdict.storeCalls} times`
  if (verdict.status === 401 && body !== undefined && body !== unauthorized) return `401 with the body ${body}`
  return undefined
}

function threw(error: unknown): Verdict {
  return { status: 0, code: 'threw', handlerRuns: 0, stored: 0, wrong: `threw ${String(error)}` }
}

/** A verdict on something that answers nothing: it throws a `WebhookError`, or it does not. */
export async function verdictOn(action: () => unknown): Promise<Verdict> {
  try {
    await action()
    return { status: 200, code: 'passed', handlerRuns: 0, stored: 0 }
  } catch (error) {
    if (!isWebhookError(error)) return threw(error)
    return { status: error.status, code: error.code, handlerRuns: 0, stored: 0 }
  }
}

/** A try at something that must throw a `WebhookError`. */
export function throwing(name: string, expected: Expectation, action: () => unknown): Try {
  return { name, expected, play: () => verdictOn(action) }
}

/** A try at settings that must be refused at start. */
export function misbuilding(name: string, build: () => unknown): Try {
  return throwing(name, { status: 500, code: 'configuration_invalid' }, build)
}

/** A condition that nothing is sent for: `undefined` where it holds, else what is wrong. */
export function checking(name: string, find: () => string | undefined | Promise<string | undefined>): Try {
  return {
    name,
    expected: { status: 0 },
    play: async () => ({ status: 0, code: '', handlerRuns: 0, stored: 0, wrong: await find() }),
  }
}

/** The same numbers on every run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
