import { createReceiver, memoryStore, mugglepay } from 'payproof'
import { fetchWebhook } from 'payproof/fetch'

const provider = mugglepay({ orderTokenSecret: process.env.MUGGLEPAY_ORDER_TOKEN_SECRET })
const receiver = createReceiver({ provider, store: memoryStore() })

/** Next.js: app/webhooks/mugglepay/route.ts. The same function serves Bun, Deno, SvelteKit, Remix and Astro. */
export const POST = fetchWebhook(receiver, async (event) => {
  if (event.type === 'PAID') console.log('fulfil', event.data.merchant_order_id, event.payment)
})
