import { Hono } from 'hono'
import { caspay, createReceiver, expectPayment, type IdempotencyStore } from 'payproof'
import { honoWebhook, perEnvironment } from 'payproof/hono'
import { findOrder } from './orders.js'

interface Env {
  CASPAY_WEBHOOK_SECRET: string
  /** Shared by all instances of the worker: memory would be one instance's alone. */
  STORE: IdempotencyStore
}

const receiver = perEnvironment((env: Env) =>
  createReceiver({ provider: caspay({ secret: env.CASPAY_WEBHOOK_SECRET }), store: env.STORE }),
)

const app = new Hono<{ Bindings: Env }>()
app.post(
  '/webhooks/caspay',
  honoWebhook(receiver, async (event) => {
    if (event.payment?.outcome === 'succeeded') {
      const payment = expectPayment(event, await findOrder(event.payment))
      console.log('fulfil', payment)
    }
  }),
)
export default app
