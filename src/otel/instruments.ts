import { type Counter, createNoopMeter, type Histogram, type Meter, type UpDownCounter } from '@opentelemetry/api'

/** Longest in seconds: a handler; a store's answer is over by its deadline. */
const handlingBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const storeBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/** What is counted and measured. Times are in seconds. */
export interface Instruments {
  readonly deliveries: Counter
  readonly deliveryDuration: Histogram
  readonly activeDeliveries: UpDownCounter
  readonly handlerDuration: Histogram
  readonly storeDuration: Histogram
  readonly renewals: Counter
  readonly problems: Counter
  readonly deadLetters: Counter
  readonly secretMatches: Counter
}

/** The instruments of a meter; none where no SDK is there to hear them. */
export function createInstruments(meter: Meter): Instruments | undefined {
  if (meter === createNoopMeter()) return undefined
  const counter = (name: string, unit: string, description: string) => meter.createCounter(name, { unit, description })
  const seconds = (name: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries } })
  return {
    deliveries: counter('payproof.deliveries', '{delivery}', 'What became of deliveries.'),
    deliveryDuration: seconds('payproof.delivery.duration', 'From the request to its outcome.', handlingBuckets),
    activeDeliveries: meter.createUpDownCounter('payproof.active_deliveries', {
      unit: '{delivery}',
      description: 'Deliveries that are under way.',
    }),
    handlerDuration: seconds('payproof.handler.duration', 'What handlers take.', handlingBuckets),
    storeDuration: seconds('payproof.store.operation.duration', 'What one call of the store takes.', storeBuckets),
    renewals: counter('payproof.lease.renewals', '{renewal}', 'Leases renewed while a handler runs.'),
    problems: counter('payproof.problems', '{problem}', 'What went wrong with claims and dead letters.'),
    deadLetters: counter('payproof.dead_letters', '{letter}', 'Deliveries not handled that nobody will bring again.'),
    secretMatches: counter('payproof.secret.matches', '{delivery}', 'Which configured secret proved deliveries.'),
  }
}
