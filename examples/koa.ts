import Koa from 'koa'
import { createReceiver, expectPayment, kasperopay, memoryStore } from 'payproof'
import { koaWebhook } from 'payproof/koa'

/** What your shop noted at checkout, by payment id. */
const orders = new Map([['pay_xyz789', { orderId: 'ord_456', amount: '150.5', currency: 'KAS' }]])

const provider = kasperopay({
  merchantId: process.env.KASPEROPAY_MERCHANT_ID,
  apiUrl: process.env.KASPEROPAY_API_URL ?? 'https://kaspa-store.com',
  expect: (event) => orders.get(event.data.payment_id),
})
const receiver = createReceiver({ provider, store: memoryStore() })

const onEvent = koaWebhook(receiver, async (event) => {
  const payment = expectPayment(event, orders.get(event.payment?.paymentId ?? ''))
  console.log('fulfil', payment)
})

const app = new Koa()
app.use((ctx, next) => (ctx.path === '/webhooks/kasperopay' ? onEvent(ctx, next) : next()))
app.listen(Number(process.env.PORT ?? 3000))
