import express, { type Express } from 'express'
import {
  caspay,
  createReceiver,
  kasperopay,
  memoryStore,
  mugglepay,
  type Observer,
  type Provider,
  payqi,
  payvost,
  type WebhookEvent,
} from 'payproof'
import { expressWebhook } from 'payproof/express'

export interface ShopSettings {
  readonly secrets: {
    readonly caspay: string
    readonly payqi: string
    readonly payvost: string
    readonly mugglepay: string
  }
  readonly mugglepayApiKey: string
  readonly kasperopayMerchantId: string
  /** Where the two confirming APIs are: a stand-in, so that the demo needs no network. */
  readonly apiUrl: string
  /** The orders at checkout, by the KasperoPay payment that was started for them. */
  readonly kasperopayOrders: ReadonlyMap<string, { orderId: string; amount: string }>
  readonly observe: Observer
  readonly handle: (event: WebhookEvent) => void
}

/** A shop that takes payments from all five providers, each on an endpoint of its own. */
export function createShop(settings: ShopSettings): Express {
  const { secrets, apiUrl } = settings
  const app = express()
  const mount = <Event extends WebhookEvent>(provider: Provider<Event>) => {
    const receiver = createReceiver({ provider, store: memoryStore(), observe: settings.observe })
    app.post(`/webhooks/${provider.name}`, expressWebhook(receiver, settings.handle))
  }
  mount(caspay({ secret: secrets.caspay }))
  mount(payqi({ secret: secrets.payqi }))
  mount(payvost({ secret: secrets.payvost }))
  mount(mugglepay({ orderTokenSecret: secrets.mugglepay, apiKey: settings.mugglepayApiKey, apiUrl: `${apiUrl}/v1` }))
  mount(
    kasperopay({
      merchantId: settings.kasperopayMerchantId,
      apiUrl,
      expect: (event) => settings.kasperopayOrders.get(event.data.payment_id),
    }),
  )
  return app
}
