import { describe, expect, it } from 'vitest'
import { ifNewer, type PaymentOutcome, rankOf, type WebhookEvent } from '../src'
import { thrown } from './support/errors'

const event = (outcome: PaymentOutcome) => ({ payment: { outcome, paymentId: 'p_1' } }) as unknown as WebhookEvent

/** All orders in which these can arrive. */
function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, i) => orders(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]))
}

describe('ifNewer', () => {
  it.each([
    [['pending', 'succeeded'], 'succeeded'],
    [['pending', 'review', 'succeeded', 'refunded'], 'refunded'],
    [['pending', 'failed', 'review'], 'review'],
    [['pending', 'expired', 'succeeded'], 'succeeded'],
    [['pending', 'pending', 'succeeded', 'succeeded'], 'succeeded'],
  ] as const)('%j ends as %s in whatever order they arrive', (outcomes, end) => {
    for (const order of orders<PaymentOutcome>(outcomes)) {
      let known: PaymentOutcome | undefined
      for (const outcome of order) known = ifNewer(event(outcome), known)?.outcome ?? known
      expect([order, known]).toEqual([order, end])
    }
  })

  it('gives the payment of the first event, and nothing for one that says no more', () => {
    expect(ifNewer(event('pending'), undefined)).toEqual({ outcome: 'pending', paymentId: 'p_1' })
    expect(ifNewer(event('pending'), null)).toBeDefined()
    expect(ifNewer(event('succeeded'), 'succeeded')).toBeUndefined()
    expect(ifNewer({} as WebhookEvent, 'pending')).toBeUndefined()
  })

  it.each(['paid', 'PAID', '', '__proto__', 'constructor'])('refuses %j, which is no outcome', (word) => {
    expect(thrown(() => ifNewer(event('succeeded'), word as PaymentOutcome)).hint).toContain('succeeded')
  })

  it('ranks for a database to compare', () => {
    const outcomes: PaymentOutcome[] = ['pending', 'review', 'failed', 'expired', 'canceled', 'succeeded', 'refunded']
    expect(outcomes.map(rankOf)).toEqual([0, 2, 1, 1, 1, 3, 4])
  })
})
