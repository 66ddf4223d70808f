import { createReceiver, memoryStore, type Receiver } from 'payproof'
import type { Timings } from './measure'
import { type Clock, type Ratio, ratioOf } from './statistics'
import type { Delivery, Wire } from './wires'

/** A receiver as a merchant makes it: nothing set that could be left out. */
export function createOurs(wire: Wire): Receiver {
  return createReceiver({ provider: wire.provider(), store: memoryStore() })
}

/** `PAYPROOF_BENCH_SLOW=3` does all of payproof's work three times over: to see that the guard notices. */
const times = Number(process.env['PAYPROOF_BENCH_SLOW'] ?? 1)

export function ours(once: () => Promise<unknown>, again = once): () => Promise<unknown> {
  if (times === 1) return once
  return async () => {
    for (let i = 1; i < times; i++) await again()
    return once()
  }
}

export function compare(timings: Timings, name: string, base: string, clock: Clock = 'cpuMs'): Ratio {
  return ratioOf(timings.get(name) ?? [], timings.get(base) ?? [], clock)
}

/** What is measured must do its work: takes a genuine delivery and refuses a forged one. */
export async function assertProves(
  name: string,
  verify: (delivery: Delivery) => unknown,
  genuine: Delivery,
  forged: Delivery,
): Promise<void> {
  const event = await verify(genuine)
  if (typeof event !== 'object' || event === null) throw new Error(`${name} gives nothing for a genuine delivery.`)
  const accepted = await refusal(verify, forged)
  if (accepted === undefined) throw new Error(`${name} takes a forged delivery: it is not doing the work.`)
}

/** What a delivery was refused with; `undefined` if it was taken. */
export async function refusal(verify: (delivery: Delivery) => unknown, delivery: Delivery): Promise<unknown> {
  try {
    await verify(delivery)
    return undefined
  } catch (error) {
    return error ?? new Error('refused')
  }
}

/** Refused each time; taking one ends the run. */
export function refusing(verify: (delivery: Delivery) => unknown, next: () => Delivery): () => unknown {
  return () => {
    try {
      verify(next())
    } catch (error) {
      return error
    }
    throw new Error('A delivery was taken that must be refused.')
  }
}

export function refusingAwaited(verify: (delivery: Delivery) => unknown, next: () => Delivery): () => Promise<unknown> {
  return async () => {
    const refused = await refusal(verify, next())
    if (refused === undefined) throw new Error('A delivery was taken that must be refused.')
    return refused
  }
}
