import { createServer } from 'node:http'
import { createReceiver, memoryStore, mugglepay } from 'payproof'
import { nodeWebhook } from 'payproof/node'

const provider = mugglepay({ token: process.env.MUGGLEPAY_TOKEN })
const receiver = createReceiver({ provider, store: memoryStore() })

const onEvent = nodeWebhook(receiver, async (event) => {
  if (event.type === 'PAID') console.log('fulfil', event.data.merchant_order_id, event.payment)
})

createServer((req, res) => {
  if (req.url === '/webhooks/mugglepay') return onEvent(req, res)
  res.writeHead(404).end()
}).listen(Number(process.env.PORT ?? 3000))
