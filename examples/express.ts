import express from 'express'
import { caspay, createReceiver, expectPayment, memoryStore } from 'payproof'
import { expressWebhook } from 'payproof/express'
import { findOrder } from './orders.js'

const provider = caspay({ secret: process.env.CASPAY_WEBHOOK_SECRET })
const receiver = createReceiver({ provider, store: memoryStore() })

const onEvent = expressWebhook(receiver, async (event) => {
  if (event.payment?.outcome === 'succeeded') {
    const payment = expectPayment(event, await findOrder(event.payment))
    console.log('fulfil', payment)
  }
  if (event.type === 'unknown') console.warn('a new type of event:', event.wireType)
})

const app = express()
app.post('/webhooks/caspay', onEvent)
app.listen(Number(process.env.PORT ?? 3000))
