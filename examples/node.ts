import { createServer } from 'node:http'
import { createReceiver, expectPayment, memoryStore, mugglepay } from 'payproof'
import { nodeWebhook } from 'payproof/node'
import { findOrder } from './orders.js'

const provider = mugglepay({ token: process.env.MUGGLEPAY_TOKEN })
const receiver = createReceiver({ provider, store: memoryStore() })

const onEvent = nodeWebhook(receiver, async (event) => {
  if (event.type !== 'PAID') return
  const payment = expectPayment(event, await findOrder(event.payment))
  console.log('fulfil', payment)
})

createServer((req, res) => {
  if (req.url === '/webhooks/mugglepay') return onEvent(req, res)
  res.writeHead(404).end()
}).listen(Number(process.env.PORT ?? 3000))
