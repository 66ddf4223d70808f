import { within } from '../../deadline'
import type { Claim } from '../../stores/store'
import type { OpenStore } from '../stores/open'
import { type Check, ok, problem } from './check'

const name = 'store claims'
const claimsEach = 8

/** Many workers on two connections want one event: exactly one may get it, and nobody once it is done. Leaves nothing. */
export async function checkRace(store: OpenStore, other: OpenStore, timeoutMs: number): Promise<Check> {
  const key = `payproof-doctor:${crypto.randomUUID()}`
  try {
    return await within(timeoutMs, race(store, other, key))
  } finally {
    await store.forget(key)
  }
}

async function race(store: OpenStore, other: OpenStore, key: string): Promise<Check> {
  const [one, two] = [store.store(), other.store()]
  const claims = await Promise.all(
    Array.from({ length: claimsEach }, () => [one.claim(key, 60), two.claim(key, 60)]).flat(),
  )
  const owners = claims.filter((claim): claim is Claim & { state: 'acquired' } => claim.state === 'acquired')
  const [owner] = owners
  const total = claims.length
  const advice = 'Use one store for all processes, a primary and no replica, and no proxy that spreads statements.'
  if (owner === undefined || owners.length > 1)
    return problem(name, `Of ${total} claims at once ${owners.length} were granted, where one must be.`, advice)
  const completed = await two.complete(key, owner.token, rememberSeconds)
  const after = await one.claim(key, 60)
  if (!completed || after.state !== 'completed')
    return problem(name, `An event that was completed on one connection is ${after.state} on the other.`, advice)
  return ok(name, `Of ${total} claims at once on two connections one was granted, and none after its completion.`)
}

/** Long enough to be looked at once more. */
const rememberSeconds = 60
