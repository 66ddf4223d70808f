import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createReceiver, expectPayment, memoryStore, payvost } from 'payproof'
import { honoWebhook } from 'payproof/hono'
import { findOrder } from './orders.js'

const provider = payvost({ secret: process.env.PAYVOST_WEBHOOK_SECRET })
const receiver = createReceiver({ provider, store: memoryStore() })

const app = new Hono()
app.post(
  '/webhooks/payvost',
  honoWebhook(receiver, async (event) => {
    if (event.payment?.outcome === 'succeeded') {
      const payment = expectPayment(event, await findOrder(event.payment))
      console.log('fulfil', payment)
    }
  }),
)
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) })
