import fc from 'fast-check'
import type { Claim } from '../../src'

/** One thing that happens to a store. `owner` picks among the tokens that were given so far. */
export type Step =
  | { readonly does: 'claim'; readonly key: string; readonly seconds: number; readonly letter?: string | undefined }
  | { readonly does: 'renew' | 'complete'; readonly key: string; readonly owner: number; readonly seconds: number }
  | { readonly does: 'release'; readonly key: string; readonly owner: number; readonly letter?: string | undefined }
  | { readonly does: 'wait'; readonly seconds: number }
  | { readonly does: 'get' | 'discard'; readonly key: string }
  | { readonly does: 'list'; readonly prefix: string; readonly after: string; readonly limit: number }

const keys = fc.constantFrom('a:1', 'a:2', 'a:~', 'b:1')
const seconds = fc.integer({ min: 1, max: 6 })
const owner = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(5))
const letter = fc.constantFrom(undefined, undefined, 'first', 'second', '')
const only = <const T extends string>(...names: T[]) => fc.constantFrom(...names)

export const plays: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: only('claim'), key: keys, seconds, letter }) },
    { weight: 3, arbitrary: fc.record({ does: only('renew', 'complete'), key: keys, owner, seconds }) },
    { weight: 2, arbitrary: fc.record({ does: only('release'), key: keys, owner, letter }) },
    { weight: 3, arbitrary: fc.record({ does: only('wait'), seconds: fc.constantFrom(0.5, 1, 2, 6) }) },
    { weight: 2, arbitrary: fc.record({ does: only('get', 'discard'), key: keys }) },
    fc.record({
      does: only('list'),
      prefix: only('', 'a:', 'b:', 'a:1'),
      after: only('', 'a:1', 'a:~'),
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  ),
  { minLength: 1, maxLength: 30, size: 'max' },
)

interface Entry {
  /** The number of the claim that has the key; none where it was given back or done. */
  owner?: number | undefined
  untilMs: number
  done: boolean
  attempts: number
  letter?: string | undefined
}

/** What a store promises, and nothing else. Tokens are the numbers of the claims that were granted. */
export class StoreModel {
  nowMs = 1_790_000_000_000
  claims = 0
  readonly #entries = new Map<string, Entry>()

  /** Whether nobody may claim the key. */
  state(key: string): Claim['state'] {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.untilMs <= this.nowMs) return 'acquired'
    return entry.done ? 'completed' : 'in_progress'
  }

  waitSeconds = (key: string) => ((this.#entries.get(key)?.untilMs ?? 0) - this.nowMs) / 1000
  /** What was done and is forgotten may be counted from the start. */
  isForgotten = (key: string) => this.#entries.get(key)?.done === true && this.state(key) === 'acquired'
  /** Given back, with nothing kept: a full store may forget how often it was begun. */
  isSpare(key: string): boolean {
    const { owner, letter } = this.#entries.get(key) ?? {}
    return owner === undefined && letter === undefined
  }
  attempts = (key: string) => this.#entries.get(key)?.attempts ?? 0

  acquire(key: string, seconds: number, letter: string | undefined, attempts: number): void {
    const untilMs = this.nowMs + seconds * 1000
    const kept = letter ?? this.#entries.get(key)?.letter
    this.#entries.set(key, { owner: this.claims++, untilMs, done: false, attempts, letter: kept })
  }

  #owned(key: string, owner: number): Entry | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.owner === owner ? entry : undefined
  }

  renew(key: string, owner: number, seconds: number): boolean {
    const entry = this.#owned(key, owner)
    return entry !== undefined && Object.assign(entry, { untilMs: this.nowMs + seconds * 1000 }) === entry
  }

  complete(key: string, owner: number, seconds: number): boolean {
    const entry = this.#owned(key, owner)
    const untilMs = this.nowMs + seconds * 1000
    return (
      entry !== undefined &&
      Object.assign(entry, { owner: undefined, letter: undefined, done: true, untilMs }) === entry
    )
  }

  release(key: string, owner: number, letter: string | undefined): boolean {
    const entry = this.#owned(key, owner)
    if (entry === undefined) return false
    return Object.assign(entry, { owner: undefined, untilMs: 0, letter: letter ?? entry.letter }) === entry
  }

  get(key: string) {
    const { letter: text, attempts = 0 } = this.#entries.get(key) ?? {}
    return text === undefined ? undefined : { key, text, attempts }
  }

  list(prefix: string, after: string, limit: number) {
    const found = [...this.#entries.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
    const idle = found.filter((key) => this.state(key) === 'acquired')
    return idle.flatMap((key) => this.get(key) ?? []).slice(0, limit)
  }

  discard(key: string): boolean {
    const entry = this.#entries.get(key)
    if (entry?.letter === undefined || this.state(key) !== 'acquired') return false
    entry.letter = undefined
    return true
  }
}
