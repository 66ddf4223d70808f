import { isWebhookError, type Job, payqi, WebhookError, type WebhookEvent } from '../../src'
import { signDelivery } from '../../src/testing'
import { forged, genuine, now, secret, sleep } from '../support/shop'
import { listed, type Shop } from './perform'

/** Stands in bodies, headers and errors, and must not stand anywhere else. */
export const payload = 'PAYLOAD-4711'

const marked = (body: string) => body.replace('"o_1"', `"${payload}"`)
const delivery = (id = 'evt_1') => genuine(id, marked)
const unknownType = () => genuine('evt_1', (body) => marked(body).replace('payment.completed', payload))
const ok = () => {}
class NoStock extends Error {}

/** Begins only when it is waited for, and each time anew. */
const lazy = () => {
  let begun = 0
  const run: Promise<void>['then'] = (done, failed) =>
    (++begun === 1 ? Promise.resolve() : Promise.reject(new Error('begun twice'))).then(done, failed)
  return Object.defineProperty({}, 'then', { value: run })
}

/** Fails later, and gives nothing back that could be waited for. */
const mute = () => {
  const run = (_done: unknown, failed: (error: Error) => void) => void sleep(5).then(() => failed(new NoStock(payload)))
  return Object.defineProperty({}, 'then', { value: run })
}

const fails = () => Promise.reject(new NoStock(payload))
const failing = () => Promise.reject(new Error(payload))
const queueDown = () => {
  throw new WebhookError('queue_unavailable', payload)
}

async function jobOf(shop: Shop): Promise<Job> {
  let made: Job | undefined
  await shop.receive(delivery(), (_event, { job }) => {
    made = job()
  })
  if (made === undefined) throw new Error('no job')
  return made
}

const settled = async (event: Promise<WebhookEvent>) =>
  event.then(
    ({ type, id }) => ({ type, id }),
    (error: unknown) => ({ code: isWebhookError(error) ? error.code : 'none of ours' }),
  )

/** One for everything that can become of a delivery, of a store's call, and of a dead letter. */
export const plays = listed([
  ['processed', (shop) => shop.receive(delivery(), ok)],
  ['processed later', (shop) => shop.receive(delivery(), () => sleep(5))],
  ['handled by a query builder', (shop) => shop.receive(delivery(), lazy)],
  ['handled by a `then` that returns nothing', (shop) => shop.receive(delivery(), mute)],
  ['of an unknown type', (shop) => shop.receive(unknownType(), ok)],
  [
    'duplicate',
    async (shop) => {
      await shop.receive(delivery(), ok)
      return shop.receive(delivery(), ok)
    },
  ],
  ['in progress', (shop) => Promise.all([shop.receive(delivery(), () => sleep(30)), shop.receive(delivery(), ok)])],
  [
    'longer than the answer may take',
    async (shop) => {
      const outcome = await shop.receive(delivery(), () => sleep(40))
      await shop.close()
      return outcome
    },
    () => ({ answerWithinMs: 5 }),
  ],
  ['failed', (shop) => shop.receive(delivery(), fails)],
  [
    'failed at once',
    (shop) =>
      shop.receive(delivery(), () => {
        throw payload
      }),
  ],
  ['dead letter', (shop) => shop.receive(delivery(), failing), () => ({ maxAttempts: 1 })],
  ['dead letter nobody takes', (shop) => shop.receive(delivery(), failing), () => ({ onDeadLetter: failing })],
  [
    'dead letter replayed',
    async (shop) => {
      await shop.receive(delivery(), failing)
      return shop.replay('evt_1', ok)
    },
  ],
  ['letter unknown', (shop) => shop.replay('evt_1', ok)],
  [
    'the wrong payment',
    (shop) =>
      shop.receive(delivery(), () => {
        throw new WebhookError('payment_unexpected', payload)
      }),
  ],
  ['forged', (shop) => shop.receive(forged(), ok)],
  ['unsigned', (shop) => shop.receive({ ...delivery(), headers: [] }, ok)],
  [
    'stale',
    (shop) =>
      shop.receive(
        genuine('evt_1', (body) => body.replace('17900', '16900')),
        ok,
      ),
  ],
  [
    'no JSON',
    (shop) =>
      shop.receive(
        genuine('evt_1', () => `{"${payload}`),
        ok,
      ),
  ],
  [
    'broken data',
    (shop) =>
      shop.receive(
        genuine('evt_1', (body) => marked(body).replace('"p"', '7')),
        ok,
      ),
  ],
  ['too large', (shop) => shop.receive(delivery(), ok), () => ({ maxBodyBytes: 10 })],
  ['encoded', (shop) => shop.receive({ ...delivery(), headers: { 'content-encoding': 'gzip' } }, ok)],
  ['no POST', (shop) => shop.receive({ ...delivery(), method: 'GET' }, ok)],
  ['parsed', (shop) => shop.receive({ ...delivery(), body: { [payload]: 1 } as never }, ok)],
  ['no handler', (shop) => shop.receive(delivery(), undefined as never)],
  ['queue down', (shop) => shop.receive(delivery(), queueDown)],
  [
    'closing',
    async (shop) => {
      await shop.close()
      return shop.receive(delivery(), ok)
    },
  ],
  ['verified', (shop) => settled(shop.verify(delivery()))],
  ['verified by nobody', (shop) => settled(shop.verify(forged()))],
  ['decoded', async (shop) => settled(shop.decode((await jobOf(shop)).data))],
  ['no job', (shop) => settled(shop.decode({ [payload]: payload }))],
  ['a job of another', async (shop) => settled(shop.decode({ ...(await jobOf(shop)).data, provider: 'payqi' }))],
  ['a job handled by a worker', async (shop) => shop.replay({ queue: 'q', data: (await jobOf(shop)).data }, ok)],
  [
    'another provider',
    (shop) => shop.receive(signDelivery('payqi', 'payment.completed', { secret, at: now, id: 'evt_2' }), ok),
    () => ({ provider: payqi({ secret: { id: 'second', value: secret } }), account: 'eu', now: () => now }),
  ],
])
