import { createReceiver, expectPayment, memoryStore, mugglepay } from 'payproof'
import { fetchWebhook } from 'payproof/fetch'
import { findOrder } from './orders.js'

const provider = mugglepay({ orderTokenSecret: process.env.MUGGLEPAY_ORDER_TOKEN_SECRET })
const receiver = createReceiver({ provider, store: memoryStore() })

/** Next.js: app/webhooks/mugglepay/route.ts. The same function serves Bun, Deno, SvelteKit, Remix and Astro. */
export const POST = fetchWebhook(receiver, async (event) => {
  if (event.payment?.outcome === 'succeeded') {
    const payment = expectPayment(event, await findOrder(event.payment))
    console.log('fulfil', payment)
  }
})
