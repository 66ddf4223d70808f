import {
  caspay,
  createReceiver,
  kasperopay,
  mugglepay,
  type Provider,
  payqi,
  payvost,
  type Receiver,
  type ReceiverOptions,
  type WebhookEvent,
} from 'payproof'
import type { Config } from './config'

/** A receiver for each provider, by the provider's name. */
export type Receivers<Tx = undefined> = Readonly<Record<string, Receiver<WebhookEvent, Tx>>>

type Shared<Tx> = Omit<ReceiverOptions<WebhookEvent, Tx>, 'provider'>

/** The shop's five providers, over one store. */
export function createReceivers<Tx>(config: Config, shared: Shared<Tx>): Receivers<Tx> {
  const receive = <Event extends WebhookEvent>(provider: Provider<Event>): Receiver<WebhookEvent, Tx> =>
    createReceiver({ ...shared, provider })
  return {
    caspay: receive(caspay({ secret: config.caspaySecret })),
    payqi: receive(payqi({ secret: config.payqiSecret })),
    payvost: receive(payvost({ secret: config.payvostSecret })),
    mugglepay: receive(
      mugglepay({
        orderTokenSecret: config.mugglepayTokenSecret,
        apiKey: config.mugglepayApiKey,
        apiUrl: config.mugglepayApiUrl,
      }),
    ),
    // Which order a payment is for is compared in `fulfil`, by the payment id that was noted at checkout.
    kasperopay: receive(kasperopay({ merchantId: config.kasperopayMerchantId, apiUrl: config.kasperopayApiUrl })),
  }
}

export async function closeReceivers(receivers: Readonly<Record<string, { close: Receiver['close'] }>>): Promise<void> {
  await Promise.all(Object.values(receivers).map((receiver) => receiver.close({ drainSeconds: 10 })))
}
