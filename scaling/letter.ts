import { createReceiver, memoryStore, type Provider, payqi, type WebhookEvent } from 'payproof'
import { sizes } from '../bench/payloads'
import { deliver, payqiWire, secret } from '../bench/wires'

/** What is kept of a delivery of 0.6 KB whose handler has failed, as a store is handed it. */
export async function makeLetter(): Promise<string> {
  const store = memoryStore()
  const provider = payqi({ secret }) as unknown as Provider<WebhookEvent>
  const receiver = createReceiver({ provider, store, observe: () => {} })
  await receiver.receive(deliver(payqiWire, 'items', sizes['0.6 KB']), () => {
    throw new Error('not today')
  })
  const [letter] = (await store.letters?.list('', '', 1)) ?? []
  if (letter === undefined) throw new Error('A delivery whose handler failed was not kept.')
  return letter.text
}
