import type { ReceiverOptions } from '../../src'
import {
  caspay,
  createReceiver,
  type IdempotencyStore,
  memoryStore,
  type Receiver,
  type Report,
  type WebhookEvent,
} from '../../src'
import { hexHmac, type Pairs } from './deliveries'

export const secret = 'whsec_0123456789abcdef'
export const now = 1_790_000_000_000

/** A genuine CasPay delivery, signed by Node's own crypto. */
export function genuine(id = 'evt_1', change: (body: string) => string = (body) => body) {
  const body = change(
    `{"id":"${id}","type":"payment.completed","created":${now / 1000},"data":{"payment":{"id":"p","amount":1000000000,"currency":"CSPR","status":"completed","metadata":{"orderId":"o_1"}}}}`,
  )
  const headers: Pairs = [
    ['X-CasPay-Signature', hexHmac(secret, body)],
    ['Content-Type', 'application/json'],
  ]
  return { method: 'POST', headers, body }
}

export const forged = () => ({
  ...genuine(),
  headers: [['X-CasPay-Signature', hexHmac('another-secret-0123456789', genuine().body)]] as Pairs,
})

type Options<Tx> = Partial<ReceiverOptions<WebhookEvent, Tx>>

/** A receiver of CasPay's deliveries whose reports are kept. */
export function createShop<Tx = undefined>(options: Options<Tx> = {}) {
  const reports: Report[] = []
  const receiver: Receiver<WebhookEvent, Tx> = createReceiver({
    provider: caspay({ secret }),
    store: options.store ?? (memoryStore() as IdempotencyStore<unknown> as IdempotencyStore<Tx>),
    now: () => now,
    observe: (report) => {
      reports.push(report)
    },
    ...(options as object),
  })
  return { receiver, reports }
}

/** A store whose calls can be made to fail, hang, or answer late. */
export function faultyStore(
  faults: Partial<IdempotencyStore>,
  inner: IdempotencyStore = memoryStore(),
): IdempotencyStore {
  return { ...inner, ...faults }
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
export const never = () => new Promise<never>(() => {})

/** Waits until something holds, at most two seconds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await sleep(10)
  if (!holds()) throw new Error('it never came to hold')
}
