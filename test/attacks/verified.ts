import {
  createReceiver,
  type IdempotencyStore,
  memoryStore,
  type Provider,
  type ReceiverOptions,
  type WebhookEvent,
} from '../../src'
import type { Sent } from '../adapters/hosts'
import { now } from '../support/shop'

export async function verified(provider: Provider<WebhookEvent>, { headers, body }: Sent): Promise<WebhookEvent> {
  const options: ReceiverOptions<WebhookEvent> = {
    provider,
    store: memoryStore() as IdempotencyStore,
    now: () => now,
    observe: () => {},
  }
  return createReceiver(options).verify({ headers: [...headers], body: typeof body === 'string' ? body : '' })
}
