import { describe, expect, it } from 'vitest'
import '../src/testing/vitest'
import { caspay, createReceiver, memoryStore } from '../src'
import { createRecorder, deliver, signDelivery, tamper } from '../src/testing'

const secret = 'whsec_0123456789abcdef'
const createShop = () => {
  const recorder = createRecorder()
  const receiver = createReceiver({ provider: caspay({ secret }), store: memoryStore(), observe: recorder.observe })
  return { receiver, recorder }
}
const make = (id: string) => signDelivery('caspay', 'payment.completed', { secret, id })
const nothing = () => {}
const messageOf = (play: () => unknown): string => {
  try {
    play()
  } catch (error) {
    return (error as Error).message
  }
  return 'it passed'
}

describe('the matchers', () => {
  it('tell outcomes apart, whichever way they come', async () => {
    const { receiver, recorder } = createShop()
    const first = await receiver.receive(make('evt_1'), nothing)
    const second = await deliver(receiver, make('evt_1'))
    const forged = await receiver.receive(tamper(make('evt_1')), nothing)
    expect(first).toBeProcessed()
    expect(first).not.toBeDuplicate()
    expect(second).toBeDuplicate()
    expect(second).not.toBeProcessed()
    expect(forged).toBeRejected()
    expect(forged).toBeRejected('signature_mismatch')
    expect(forged).not.toBeRejected('timestamp_too_old')
    expect(first).not.toBeRejected()
    expect(recorder.outcomes[0]).toBeProcessed()
    expect([first, second]).toBeProcessedOnce()
    expect(first).toBeProcessedOnce()
    expect([first, second, forged]).not.toBeProcessedOnce()
    expect([second]).not.toBeProcessedOnce()
    expect([first, first]).not.toBeProcessedOnce()
    expect([]).not.toBeProcessedOnce()
  })

  it('look at each of many events by itself', async () => {
    const { receiver, recorder } = createShop()
    for (const id of ['evt_1', 'evt_2', 'evt_1', 'evt_3', 'evt_2']) await receiver.receive(make(id), nothing)
    expect(recorder.outcomes).toBeProcessedOnce()
    expect(recorder.outcomes.filter(({ outcome }) => outcome === 'processed').length).toBe(3)
  })

  it('say what it was instead', async () => {
    const { receiver } = createShop()
    const first = await receiver.receive(make('evt_1'), nothing)
    const failed = await receiver.receive(make('evt_2'), () => {
      throw new Error('out of stock')
    })
    const forged = await receiver.receive(tamper(make('evt_1')), nothing)
    expect(messageOf(() => expect(failed).toBeProcessed())).toBe(
      'expected the delivery to be processed, but it was: failed (handler_failed: The handler threw; the next delivery is handled again.)',
    )
    expect(messageOf(() => expect(first).toBeRejected('signature_mismatch'))).toBe(
      'expected the delivery to be rejected with signature_mismatch, but it was: processed, status 200',
    )
    expect(messageOf(() => expect(forged).not.toBeRejected())).toMatch(
      /^expected the delivery not to be rejected, but it was: rejected \(signature_mismatch: /,
    )
    expect(messageOf(() => expect([first, first, failed]).toBeProcessedOnce())).toMatch(
      /^expected the delivery to be processed once each, but it was: evt_1: 2 × processed, status 200\nevt_2: failed \(handler_failed/,
    )
  })

  it('do not pretend to know what an answer does not tell', async () => {
    const answer = { status: 200, headers: {}, body: 'OK' }
    for (const play of [
      () => expect(answer).toBeProcessed(),
      () => expect(answer).not.toBeDuplicate(),
      () => expect([answer]).not.toBeProcessedOnce(),
      () => expect({ ...answer, status: 401 }).not.toBeRejected('token_missing'),
    ])
      expect(messageOf(play)).toMatch(/Hand over the outcome of a receiver, or the reports of createRecorder\(\)\.$/)
    expect({ ...answer, status: 401, body: '{"error":"unauthorized"}' }).toBeRejected()
    expect({ ...answer, status: 413, body: '{"error":"body_too_large"}' }).toBeRejected('body_too_large')
    expect(answer).not.toBeRejected()
    expect(messageOf(() => expect('OK').toBeRejected())).toMatch(/^expected an outcome of a receiver/)
  })
})
