import { createReceiver, expectPayment, type IdempotencyStore, payvost } from 'payproof'
import { lambdaWebhook } from 'payproof/lambda'
import { findOrder } from './orders.js'

/** Give it a store that all instances of the function share: memory would be one instance's alone. */
export function createHandler(store: IdempotencyStore) {
  const provider = payvost({ secret: process.env.PAYVOST_WEBHOOK_SECRET })
  return lambdaWebhook(createReceiver({ provider, store }), async (event) => {
    if (event.payment?.outcome === 'succeeded') {
      const payment = expectPayment(event, await findOrder(event.payment))
      console.log('fulfil', payment)
    }
  })
}
