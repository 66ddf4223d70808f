import { type IdempotencyStore, memoryStore } from '../../src'
import { faultyStore, genuine, never, sleep } from '../support/shop'
import { listed } from './perform'
import { payload } from './plays'

const delivery = () => genuine('evt_1')
const ok = () => {}
const failing = () => Promise.reject(new Error(payload))

function withTransactions(inner: IdempotencyStore, faults: { begin?: () => Promise<never>; lost?: boolean } = {}) {
  return {
    ...inner,
    async transaction(work: Parameters<NonNullable<IdempotencyStore['transaction']>>[0]) {
      await faults.begin?.()
      await work(undefined, async (...given) => (faults.lost ? false : inner.complete(...given)))
    },
  }
}

/** One for everything that can become of a store's call. */
export const storePlays = listed([
  [
    'store fails at the claim',
    (shop) => shop.receive(delivery(), ok),
    () => ({ store: faultyStore({ claim: failing }) }),
  ],
  [
    'store throws',
    (shop) => shop.receive(delivery(), ok),
    () => ({
      store: faultyStore({
        claim: () => {
          throw new Error(payload)
        },
      }),
    }),
  ],
  [
    'store talks nonsense',
    (shop) => shop.receive(delivery(), ok),
    () => ({ store: faultyStore({ claim: async () => ({ state: payload }) as never }) }),
  ],
  [
    'store says nothing',
    (shop) => shop.receive(delivery(), ok),
    () => ({ store: faultyStore({ claim: async () => undefined as never }) }),
  ],
  [
    'store hangs',
    (shop) => shop.receive(delivery(), ok),
    () => ({ store: faultyStore({ claim: never }), storeTimeoutMs: 20 }),
  ],
  [
    'store fails at the completion',
    (shop) => shop.receive(delivery(), ok),
    () => {
      const inner = memoryStore()
      let asked = 0
      const complete: IdempotencyStore['complete'] = (...given) =>
        ++asked === 1 ? failing() : inner.complete(...given)
      return { store: faultyStore({ complete }, inner) }
    },
  ],
  [
    'store fails at the release',
    (shop) => shop.receive(delivery(), failing),
    () => ({ store: faultyStore({ release: failing }) }),
  ],
  [
    'lease renewed',
    (shop) => shop.receive(delivery(), () => sleep(120)),
    () => ({ leaseSeconds: 0.15, account: 'eu' }),
  ],
  [
    'lease lost',
    (shop) => shop.receive(delivery(), () => sleep(120)),
    () => ({ leaseSeconds: 0.15, store: faultyStore({ renew: async () => false }) }),
  ],
  [
    'renewal fails',
    (shop) => shop.receive(delivery(), () => sleep(80)),
    () => ({ leaseSeconds: 0.15, store: faultyStore({ renew: failing }) }),
  ],
  ['in a transaction', (shop) => shop.receive(delivery(), ok), () => ({ store: withTransactions(memoryStore()) })],
  [
    'failed in a transaction',
    (shop) => shop.receive(delivery(), failing),
    () => ({ store: withTransactions(memoryStore()) }),
  ],
  [
    'lost in a transaction',
    (shop) => shop.receive(delivery(), ok),
    () => ({ store: withTransactions(memoryStore(), { lost: true }) }),
  ],
  [
    'no transaction begins',
    (shop) => shop.receive(delivery(), ok),
    () => ({ store: withTransactions(memoryStore(), { begin: failing }) }),
  ],
])
