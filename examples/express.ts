import express from 'express'
import { caspay, createReceiver, memoryStore } from 'payproof'
import { expressWebhook } from 'payproof/express'

const receiver = createReceiver({
  provider: caspay({ secret: process.env.CASPAY_WEBHOOK_SECRET }),
  store: memoryStore(),
})
const fulfil = async (orderId?: string) => console.log('paid:', orderId)

const app = express()
app.post(
  '/webhooks/caspay',
  expressWebhook(receiver, async (event) => {
    if (event.type === 'payment.completed') await fulfil(event.payment?.orderId)
    if (event.type === 'unknown') console.warn('new event type:', event.wireType)
  }),
)
app.listen(process.env.PORT ?? 3000)
