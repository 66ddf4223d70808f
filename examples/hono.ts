import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createReceiver, memoryStore, payvost } from 'payproof'
import { honoWebhook } from 'payproof/hono'

const provider = payvost({ secret: process.env.PAYVOST_WEBHOOK_SECRET })
const receiver = createReceiver({ provider, store: memoryStore() })

const app = new Hono()
app.post(
  '/webhooks/payvost',
  honoWebhook(receiver, async (event) => {
    if (event.payment?.outcome === 'succeeded') console.log('fulfil', event.payment)
  }),
)
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) })
