import { describe, expect, it, vi } from 'vitest'
import { type ExpectedPayment, expectPayment, memoryStore, type Payment, WebhookError, type WebhookEvent } from '../src'
import { thrown } from './support/errors'
import { createShop, genuine } from './support/shop'

const paid: Payment = {
  outcome: 'succeeded',
  paymentId: 'p_1',
  orderId: 'o_1',
  amount: { value: '2000.5', currency: 'KAS' },
}
const order: ExpectedPayment = { orderId: 'o_1', amount: '2000.5', currency: 'KAS' }
const event = (payment: Partial<Payment> | undefined) => ({ payment }) as unknown as WebhookEvent
const without = (name: keyof Payment) => Object.fromEntries(Object.entries(paid).filter(([key]) => key !== name))

describe('expectPayment', () => {
  it.each(['2000.5', '2000.50', '02000.500', '20005e-1'])('gives the payment that was expected: %s', (amount) => {
    expect(expectPayment(event(paid), { ...order, amount })).toBe(paid)
    expect(expectPayment(event(paid), { ...order, currency: 'kas' })).toBe(paid)
  })

  it.each<[string, Partial<Payment> | undefined, string]>([
    ['a dollar for an order of two thousand', { ...paid, amount: { value: '1', currency: 'KAS' } }, 'amount'],
    ['a digit less', { ...paid, amount: { value: '2000.4999999999999999', currency: 'KAS' } }, 'amount'],
    ['more', { ...paid, amount: { value: '2000.6', currency: 'KAS' } }, 'amount'],
    ['the negative of it', { ...paid, amount: { value: '-2000.5', currency: 'KAS' } }, 'amount'],
    ['another currency', { ...paid, amount: { value: '2000.5', currency: 'XRP' } }, 'currency'],
    ['another order', { ...paid, orderId: 'o_2' }, 'another order'],
    ['no order', without('orderId'), 'which order'],
    ['no amount', without('amount'), 'amount'],
    ['what is still pending', { ...paid, outcome: 'pending' }, 'pending'],
    ['what was refunded', { ...paid, outcome: 'refunded' }, 'refunded'],
    ['no payment', undefined, 'nothing of a payment'],
  ])('refuses %s, and says so without values', (_, payment, hint) => {
    const error = thrown(() => expectPayment(event(payment), order))
    expect(error).toMatchObject({ code: 'payment_unexpected', hint: expect.stringContaining(hint) })
    expect(error.message).not.toMatch(/2000|o_1|o_2/)
  })

  it('tells providers apart where the order does', () => {
    const paidWith = (provider: string) => ({ ...event(paid), provider })
    expect(expectPayment(paidWith('payqi'), { ...order, provider: 'payqi' })).toBe(paid)
    expect(expectPayment(paidWith('caspay'), order)).toBe(paid)
    const error = thrown(() => expectPayment(paidWith('caspay'), { ...order, provider: 'payqi' }))
    expect(error).toMatchObject({ code: 'payment_unexpected', hint: expect.stringContaining('another provider') })
  })

  it('takes more where that is allowed, and never less', () => {
    const more = { ...paid, amount: { value: '2000.50001', currency: 'KAS' } }
    expect(expectPayment(event(more), { ...order, orMore: true })).toBe(more)
    for (const value of ['2000.49', '1', '-3000'])
      expect(
        thrown(() => expectPayment(event({ ...paid, amount: { value, currency: 'KAS' } }), { ...order, orMore: true }))
          .code,
      ).toBe('payment_unexpected')
  })

  const unbound = without('orderId') as unknown as Payment
  const { orderId: _, ...terms } = order

  it('ties a payment that names no order to one by its payment id', () => {
    expect(expectPayment(event(unbound), { ...terms, paymentId: 'p_1' })).toBe(unbound)
    expect(expectPayment(event(unbound), { ...order, paymentId: 'p_1' })).toBe(unbound)
    expect(expectPayment(event(unbound), { ...terms, orderId: null, paymentId: 'p_1' })).toBe(unbound)
    expect(expectPayment(event(paid), { ...order, paymentId: 'p_1' })).toBe(paid)
    expect(expectPayment(event(paid), { ...terms, paymentId: 'p_1' })).toBe(paid)
    expect(expectPayment(event(paid), { ...order, paymentId: null })).toBe(paid)
  })

  it.each<[string, Payment, ExpectedPayment, string]>([
    ['another payment', unbound, { ...terms, paymentId: 'p_2' }, 'another payment'],
    ['another payment of the order', paid, { ...order, paymentId: 'p_2' }, 'another payment'],
    ['the payment, of another order', { ...paid, orderId: 'o_2' }, { ...order, paymentId: 'p_1' }, 'another order'],
    ['an order that the event does not name', unbound, order, 'which order'],
    ['an order that the event does not name, and no payment', unbound, { ...order, paymentId: null }, 'which order'],
  ])('refuses %s', (_, payment, expected, hint) => {
    const error = thrown(() => expectPayment(event(payment), expected))
    expect(error).toMatchObject({ code: 'payment_unexpected', hint: expect.stringContaining(hint) })
  })

  it.each([
    [{}],
    [{ orderId: null, paymentId: null }],
    [{ orderId: undefined, paymentId: undefined }],
    [{ paymentId: '' }],
    [{ orderId: '', paymentId: 'p_1' }],
    [{ orderId: 'o_1', paymentId: '' }],
    [{ paymentId: ['p_1'] }],
    [{ paymentId: 0 }],
  ])('lets nothing pass that is bound by %j', (ids) => {
    for (const payment of [paid, unbound, { ...unbound, paymentId: undefined }])
      expect(thrown(() => expectPayment(event(payment as Payment), { ...terms, ...ids } as never)).code).toBe(
        'configuration_invalid',
      )
  })

  it('knows no order', () => {
    expect(thrown(() => expectPayment(event(paid), undefined)).code).toBe('order_unknown')
    expect(thrown(() => expectPayment(event(paid), null)).code).toBe('order_unknown')
  })

  it.each([
    [{ amount: 2000.5 }, 'rounded'],
    [{ amount: 'a lot' }, 'decimal text'],
    [{ amount: '-1' }, 'decimal text'],
    [{ orderId: undefined }, 'orderId'],
    [{ orderId: '' }, 'orderId'],
    [{ currency: undefined }, 'currency'],
  ])('refuses an expectation of %j, also where the event says the same nothing', (wrong, hint) => {
    const error = thrown(() => expectPayment(event({ ...paid, ...(wrong as object) }), { ...order, ...wrong } as never))
    expect(error).toMatchObject({ code: 'configuration_invalid', hint: expect.stringContaining(hint) })
  })
})

describe('a handler that lets it pass', () => {
  const wrong = () => expectPayment(event({ ...paid, amount: { value: '1', currency: 'KAS' } }), order)

  it('gives the event up at once: acknowledged, kept, handed to the hook', async () => {
    const onDeadLetter = vi.fn()
    const { receiver } = createShop({ onDeadLetter })
    expect(await receiver.receive(genuine(), wrong)).toMatchObject({ kind: 'dead_letter', reply: { status: 200 } })
    expect(onDeadLetter).toHaveBeenCalledTimes(1)
    for await (const letter of receiver.deadLetters()) expect(letter.id).toBe('evt_1')
  })

  it('is not acknowledged where nobody would keep it', async () => {
    const { letters: _, ...store } = memoryStore()
    const { receiver } = createShop({ store })
    expect(await receiver.receive(genuine(), wrong)).toMatchObject({ kind: 'failed', reply: { status: 500 } })
  })

  it.each(['signature_mismatch', 'payload_invalid', 'body_too_large', 'in_progress', 'dead_letter_unknown'] as const)(
    'is tried again after an error of another receiver: %s',
    async (code) => {
      const { receiver } = createShop()
      const first = await receiver.receive(genuine(), () => Promise.reject(new WebhookError(code, 'Of another.')))
      expect(first).toMatchObject({ kind: 'failed', reply: { status: 500 } })
      expect((await receiver.receive(genuine(), () => {})).kind).toBe('processed')
    },
  )

  it('has an order that is not there yet tried again', async () => {
    const { receiver } = createShop()
    expect((await receiver.receive(genuine(), (it) => expectPayment(it, undefined))).kind).toBe('failed')
  })
})
