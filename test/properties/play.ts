import fc from 'fast-check'
import { expect, it } from 'vitest'

/** How many of 1000 cases each property gets: those that cost much get few. */
export const shares = {
  'any bytes and any headers: an outcome of the table, and no handler without a proof': 100,
  'any bytes and any headers: verify throws WebhookErrors and nothing else': 90,
  'what was signed verifies, in any spelling, and arrives as it was sent': 60,
  'one changed bit of the body is refused': 60,
  'one changed bit of the signature or token is refused': 60,
  'an amount of up to 30 digits arrives without loss': 60,
  'an id arrives unchanged': 40,
  'the time of an attempt is held to the second, both ways': 50,
  'the time of an event is held to the second, both ways': 60,
  'a time with fraction and zone arrives to the millisecond': 20,
  'memoryStore does what the model does': 40,
  'memoryStore with little room forgets nothing that is needed': 30,
  'sqliteStore does what the model does': 25,
  'parseDecimal is exact, and canonical': 80,
  'compareDecimals and equalDecimals are those of whole numbers': 60,
  'shiftDecimal and roundDecimal are exact': 50,
  'expectPayment takes the order that was paid, and no other': 60,
  'a number of JSON arrives without loss': 50,
  'explain says nothing of forgeries, and never a secret': 5,
} as const

export type PropertyName = keyof typeof shares

const total = Number(process.env['PAYPROOF_RUNS'] ?? (process.env['CI'] === 'true' ? 100_000 : 10_000))
const all = Object.values<number>(shares).reduce((sum, share) => sum + share, 0)

export const seed = Number(process.env['PAYPROOF_SEED'] ?? crypto.getRandomValues(new Int32Array(1))[0])
export const runsOf = (name: PropertyName): number => Math.ceil((shares[name] * total) / all)
export const wanted = total

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
