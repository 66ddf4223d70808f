import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type PropertyName, runsOf, seed } from './shares'

const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))

/** A test of as many cases as are its share; it counts them itself. */
export function property<T>(
  name: PropertyName,
  cases: fc.Arbitrary<T>,
  holds: (value: T) => Promise<unknown> | unknown,
): void {
  it(name, async () => {
    let played = 0
    const counted = fc.asyncProperty(cases, async (value) => {
      played++
      await holds(value)
    })
    await fc.assert(counted, { seed, numRuns: runsOf(name) })
    // A rejection that nobody handles shows one turn later.
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual([])
    expect(played).toBe(runsOf(name))
    console.log(`${played} cases, PAYPROOF_SEED=${seed}: ${name}`)
  }, 300_000)
}
