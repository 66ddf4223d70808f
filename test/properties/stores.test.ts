import Database from 'libsql'
import { afterAll, describe, expect } from 'vitest'
import { isWebhookError } from '../../src/errors'
import { memoryStore } from '../../src/stores/memory'
import { type SqliteDatabase, sqliteStore } from '../../src/stores/sqlite'
import type { IdempotencyStore } from '../../src/stores/store'
import { property } from './play'
import { plays, type Step, StoreModel } from './store-model'

type LetterStep = Extract<Step, { does: string; prefix: string } | { does: 'get' | 'discard' }>
type OwnerStep = Extract<Step, { owner: number }>

/** A play with a store and the model beside it. */
class Play {
  readonly model = new StoreModel()
  /** The tokens by the number of their claim, and the keys they are for. */
  readonly #tokens: { key: string; token: string }[] = []

  constructor(
    readonly prefix: string,
    readonly refusals: 'none' | 'when full' = 'none',
  ) {}

  /** The latest token of the key, the one before it, and so on; one that was never given where there is none. */
  #owner(key: string, back: number): { number: number; token: string } {
    const numbered = this.#tokens.map((each, number) => ({ ...each, number })).reverse()
    const mine = numbered.filter((each) => each.key === key)
    // Beyond its own: somebody else's.
    return mine[back] ?? numbered[back] ?? { number: -1, token: crypto.randomUUID() }
  }

  async #claim(store: IdempotencyStore, key: string, seconds: number, letter: string | undefined): Promise<void> {
    const { model } = this
    const claim = await store.claim(this.prefix + key, seconds, letter).catch((error: unknown) => {
      if (this.refusals === 'none' || !isWebhookError(error)) throw error
    })
    // Full: nothing may have changed.
    if (claim === undefined) return expect(model.state(key)).toBe('acquired')
    expect(claim.state).toBe(model.state(key))
    if (claim.state === 'in_progress') expect(claim.retryAfterSeconds).toBe(model.waitSeconds(key))
    if (claim.state !== 'acquired') return
    const fromStart = model.isForgotten(key) || (this.refusals === 'when full' && model.isSpare(key))
    if (!fromStart || claim.attempt !== 1) expect(claim.attempt).toBe(model.attempts(key) + 1)
    model.acquire(key, seconds, letter, claim.attempt ?? 0)
    this.#tokens.push({ key, token: claim.token })
  }

  async #letters({ letters }: IdempotencyStore, step: LetterStep): Promise<void> {
    const { model, prefix } = this
    const named = <T extends { key: string }>(letter: T) => ({ ...letter, key: prefix + letter.key })
    if (letters === undefined) throw new Error('the store keeps no letters')
    switch (step.does) {
      case 'get':
        return expect([await letters.get(prefix + step.key)]).toEqual(
          [model.get(step.key)].map((it) => it && named(it)),
        )
      case 'discard':
        return expect(await letters.discard(prefix + step.key)).toBe(model.discard(step.key))
      case 'list': {
        const { prefix: of, after, limit } = step
        const listed = await letters.list(prefix + of, after === '' ? '' : prefix + after, limit)
        expect(listed).toEqual(model.list(of, after, limit).map(named))
      }
    }
  }

  async #owned(store: IdempotencyStore, step: OwnerStep): Promise<void> {
    const { number, token } = this.#owner(step.key, step.owner)
    const key = this.prefix + step.key
    switch (step.does) {
      case 'release':
        expect(await store.release(key, token, step.letter)).toBe(this.model.release(step.key, number, step.letter))
        break
      case 'renew':
      case 'complete':
        expect(await store[step.does](key, token, step.seconds)).toBe(
          this.model[step.does](step.key, number, step.seconds),
        )
    }
  }

  async step(store: IdempotencyStore, step: Step): Promise<void> {
    switch (step.does) {
      case 'wait':
        this.model.nowMs += step.seconds * 1000
        return
      case 'claim':
        return this.#claim(store, step.key, step.seconds, step.letter)
      case 'release':
      case 'renew':
      case 'complete':
        return this.#owned(store, step)
      default:
        return this.#letters(store, step)
    }
  }
}

describe('stores and their model', () => {
  property('memoryStore does what the model does', plays, async (steps) => {
    const play = new Play('')
    const store = memoryStore({ now: () => play.model.nowMs })
    for (const step of steps) await play.step(store, step)
  })

  property('memoryStore with little room forgets nothing that is needed', plays, async (steps) => {
    const play = new Play('', 'when full')
    const store = memoryStore({ now: () => play.model.nowMs, maxRecords: 2 })
    for (const step of steps) await play.step(store, step)
  })

  const { database, setClock, close } = clocked()
  afterAll(close)
  const store = sqliteStore(database)
  let played = 0
  property('sqliteStore does what the model does', plays, async (steps) => {
    const play = new Play(`${played++}:`)
    for (const step of steps) {
      setClock(play.model.nowMs)
      await play.step(store, step)
    }
  })
})

/** A database whose `now` is told, so that a lease runs out without anybody waiting for it. */
function clocked() {
  const inner = new Database(':memory:')
  inner.exec('CREATE TABLE clock (ms INTEGER NOT NULL); INSERT INTO clock VALUES (0)')
  const clock = `CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)`
  const database: SqliteDatabase = {
    exec: (sql) => inner.exec(sql),
    prepare(sql) {
      const told = sql.replaceAll(clock, '(SELECT ms FROM clock)')
      // A store that reads the time in another way would pass by its own clock.
      if (/julianday|'now'|unixepoch/.test(told)) throw new Error(`a clock that cannot be told: ${sql}`)
      return inner.prepare(told)
    },
  }
  const set = inner.prepare('UPDATE clock SET ms = ?')
  return { database, setClock: (ms: number) => set.run(ms), close: () => inner.close() }
}
