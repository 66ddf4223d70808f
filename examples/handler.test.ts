import 'payproof/testing/vitest'
import express from 'express'
import { caspay, createReceiver, memoryStore } from 'payproof'
import { expressWebhook } from 'payproof/express'
import { createRecorder, deliver, signDelivery, tamper } from 'payproof/testing'
import { expect, it, vi } from 'vitest'

const secret = 'a-secret-of-the-tests-alone'
const path = '/webhooks/caspay'

it('fulfils a paid order once, and takes no forgery', async () => {
  const fulfil = vi.fn()
  const recorder = createRecorder()
  const receiver = createReceiver({ provider: caspay({ secret }), store: memoryStore(), observe: recorder.observe })
  const app = express().post(path, expressWebhook(receiver, fulfil))

  // What CasPay sends, as it sends it; `data` changes the sample, and your editor completes it.
  const data = { payment: { metadata: { orderId: 'o_1' } } }
  const paid = signDelivery('caspay', 'payment.completed', { secret, data })
  await Promise.all([deliver(app, paid, { path }), deliver(app, paid, { path })])
  expect(recorder.outcomes).toBeProcessedOnce()
  expect(fulfil).toHaveBeenCalledTimes(1)

  expect(await deliver(app, tamper(paid), { path })).toBeRejected()
  const late = signDelivery('caspay', 'payment.completed', { secret, ageSeconds: 7 * 86_400 })
  expect(await receiver.receive(late, fulfil)).toBeRejected('timestamp_too_old')
})
