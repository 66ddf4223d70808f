import { createHash } from 'node:crypto'
import type { IdempotencyStore } from 'payproof'

const run = `${process.pid}_${Date.now()}`

/** A key as a receiver makes it, of an event whose id is random: no index is filled from one end. */
export function keyOf(at: number, group = ''): string {
  const id = createHash('sha256').update(`${run} ${group} ${at}`).digest('hex').slice(0, 24)
  return `payqi:shop:evt_${id}`
}

export const keyLength = keyOf(0).length

/** Does it so many times, so many at once; gives how long each took and how long all of it. */
export async function inLanes(
  count: number,
  width: number,
  work: (at: number) => Promise<unknown>,
): Promise<{ wallMs: number; latenciesMs: number[] }> {
  const latenciesMs: number[] = []
  let next = 0
  const lane = async () => {
    for (let at = next++; at < count; at = next++) {
      const beganMs = performance.now()
      await work(at)
      latenciesMs.push(performance.now() - beganMs)
    }
  }
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane))
  return { wallMs: performance.now() - startedMs, latenciesMs }
}

/** Claims and completes a new event. */
export async function handle(store: IdempotencyStore, key: string, retentionSeconds = 7 * 86_400): Promise<void> {
  const claim = await store.claim(key, 60)
  if (claim.state !== 'acquired') throw new Error(`A new key was ${claim.state}.`)
  if (!(await store.complete(key, claim.token, retentionSeconds))) throw new Error('The token was not the owner’s.')
}

/** Claims what is handled already. */
export async function meetAgain(store: IdempotencyStore, key: string): Promise<void> {
  const { state } = await store.claim(key, 60)
  if (state !== 'completed') throw new Error(`A handled key was ${state}.`)
}
