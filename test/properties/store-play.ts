import { expect } from 'vitest'
import { isWebhookError } from '../../src/errors'
import type { IdempotencyStore } from '../../src/stores/store'
import { type Step, StoreModel } from './store-model'

type LetterStep = Extract<Step, { does: string; prefix: string } | { does: 'get' | 'discard' }>
type OwnerStep = Extract<Step, { owner: number }>

/** A play with a store and the model beside it. */
export class Play {
  readonly model = new StoreModel()
  /** The tokens by the number of their claim, and the keys they are for. */
  readonly #tokens: { key: string; token: string }[] = []

  constructor(
    readonly prefix: string,
    readonly refusals: 'none' | 'when full' = 'none',
    /** How much of real time may pass for the store and not for the model. */
    readonly slackSeconds = 0,
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
    if (claim.state === 'in_progress')
      expect(Math.abs(claim.retryAfterSeconds - model.waitSeconds(key))).toBeLessThanOrEqual(this.slackSeconds)
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
