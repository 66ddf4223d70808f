import { setTimeout as sleep } from 'node:timers/promises'
import type { IdempotencyStore } from '../../src'
import { openBackend } from '../backends/backend'
import { withFault } from '../faults'
import type { ClaimJob } from '../jobs'
import type { Role } from '../worker'

/** Key and token of a claim that was granted. */
export type Held = readonly [key: string, token: string]

export type ClaimQuestion =
  /** Claims each key so many times at once, spread over so long, from that moment on. */
  | {
      readonly do: 'claim'
      readonly keys: readonly string[]
      readonly each: number
      readonly leaseSeconds: number
      readonly fromMs: number
      readonly spreadMs: number
      /** Completed meanwhile, by whom they belonged to, so long after that moment. */
      readonly ownerMs: number
      readonly completing: readonly Held[]
    }
  | { readonly do: 'complete' | 'release' | 'renew'; readonly held: readonly Held[] }

export interface ClaimAnswer {
  readonly won: readonly Held[]
  /** What the others were told. */
  readonly busy: number
  readonly done: number
  /** Keys whose completion, release or renewal was taken. */
  readonly taken: readonly string[]
}

export async function claim({ where, fault }: ClaimJob): Promise<Role> {
  const { store: sound } = await openBackend(where)
  const store = withFault(sound, fault)
  return {
    port: 0,
    answer: (question: ClaimQuestion) => (question.do === 'claim' ? rush(store, question) : finish(store, question)),
  }
}

async function rush(
  store: IdempotencyStore<unknown>,
  { keys, each, leaseSeconds, fromMs, spreadMs, ownerMs, completing }: Extract<ClaimQuestion, { do: 'claim' }>,
): Promise<ClaimAnswer> {
  await sleep(Math.max(0, fromMs - Date.now()))
  const pause = (upToMs: number) => (upToMs === 0 ? undefined : sleep(Math.random() * upToMs))
  const won: Held[] = []
  let [busy, done] = [0, 0]
  const claims = keys.flatMap((key) =>
    Array.from({ length: each }, async () => {
      await pause(spreadMs)
      const claim = await store.claim(key, leaseSeconds)
      if (claim.state === 'acquired') won.push([key, claim.token])
      else if (claim.state === 'completed') done++
      else busy++
    }),
  )
  const completions = completing.map(async ([key, token]) => {
    await sleep(ownerMs + Math.random() * 5)
    return (await store.complete(key, token, 3600)) ? [key] : []
  })
  await Promise.all(claims)
  return { won, busy, done, taken: (await Promise.all(completions)).flat() }
}

async function finish(
  store: IdempotencyStore<unknown>,
  question: Exclude<ClaimQuestion, { do: 'claim' }>,
): Promise<ClaimAnswer> {
  const one = async ([key, token]: Held) => {
    if (question.do === 'complete') return store.complete(key, token, 3600)
    if (question.do === 'release') return store.release(key, token)
    return store.renew(key, token, 3600)
  }
  const taken = await Promise.all(question.held.map(async (held) => ((await one(held)) ? [held[0]] : [])))
  return { won: [], busy: 0, done: 0, taken: taken.flat() }
}
