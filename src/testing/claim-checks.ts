import type { IdempotencyStore } from '../stores/store'
import { acquired, assert, attemptOf, type Check, count, equal, many, type StoreCheck, sleep } from './checks'

/** Claims, leases and completions: the races of many workers for one key. */
export function claimChecks(check: Check, makeStore: () => Promise<IdempotencyStore<unknown>>): StoreCheck[] {
  return [
    check('of many claims at once, one is granted', async (store, key) => {
      const claims = await Promise.all(many(64, () => store.claim(key, 60)))
      equal('claims granted', count(claims, 'acquired'), 1)
      equal('claims refused as in progress', count(claims, 'in_progress'), 63)
    }),
    check('of many claims at once through many stores, one is granted', async (_, key) => {
      const stores = await Promise.all(many(4, makeStore))
      const claims = await Promise.all(stores.flatMap((store) => many(16, () => store.claim(key, 60))))
      equal('claims granted', count(claims, 'acquired'), 1)
      equal('claims refused as in progress', count(claims, 'in_progress'), 63)
    }),
    check('a refused claim says how long the lease still runs', async (store, key) => {
      await acquired(store, key, 60)
      const refused = await store.claim(key, 60)
      const wait = refused.state === 'in_progress' ? refused.retryAfterSeconds : -1
      assert(wait > 50 && wait <= 61, `retryAfterSeconds was ${wait}, expected about 60`)
    }),
    check('what is completed stays completed', async (store, key) => {
      equal('completed', await store.complete(key, await acquired(store, key, 60), 3600), true)
      equal('the next claim', (await store.claim(key, 60)).state, 'completed')
    }),
    check('what is completed is forgotten after its retention', async (store, key) => {
      await store.complete(key, await acquired(store, key, 60), 1)
      equal('the next claim', (await store.claim(key, 60)).state, 'completed')
      await sleep(1300)
      await acquired(store, key, 60)
    }),
    check('what is given back is granted again, to one', async (store, key) => {
      equal('released', await store.release(key, await acquired(store, key, 60)), true)
      const claims = await Promise.all(many(32, () => store.claim(key, 60)))
      equal('claims granted', count(claims, 'acquired'), 1)
    }),
    check('a claim against a release: granted or in progress, never completed', async (store, key) => {
      const token = await acquired(store, key, 60)
      const [claim] = await Promise.all([store.claim(key, 60), store.release(key, token)])
      assert(claim.state !== 'completed', 'the claim was told that the event is completed')
    }),
    check('a claim against a completion: in progress or completed, never granted', async (store, key) => {
      const token = await acquired(store, key, 60)
      const [claim, completed] = await Promise.all([store.claim(key, 60), store.complete(key, token, 3600)])
      equal('completed', completed, true)
      assert(claim.state !== 'acquired', 'the claim was granted')
    }),
    check('when a lease has run out, one of many takes over', async (store, key) => {
      await acquired(store, key, 0.2)
      await sleep(400)
      const claims = await Promise.all(many(64, () => store.claim(key, 60)))
      equal('claims granted', count(claims, 'acquired'), 1)
    }),
    check('a late owner who was replaced changes nothing', async (store, key) => {
      const late = await acquired(store, key, 0.2)
      await sleep(400)
      const owner = await acquired(store, key, 60)
      equal('late completion taken', await store.complete(key, late, 3600), false)
      equal('late release taken', await store.release(key, late), false)
      equal('late renewal taken', await store.renew(key, late, 60), false)
      equal('the next claim', (await store.claim(key, 60)).state, 'in_progress')
      equal("the owner's completion taken", await store.complete(key, owner, 3600), true)
    }),
    check('a late owner whom nobody replaced may still complete', async (store, key) => {
      const late = await acquired(store, key, 0.2)
      await sleep(400)
      equal('late completion taken', await store.complete(key, late, 3600), true)
      equal('the next claim', (await store.claim(key, 60)).state, 'completed')
    }),
    check('a completion at the very moment of a takeover: one of them, never both', async (store, key) => {
      const token = await acquired(store, key, 0.2)
      await sleep(200)
      const [completed, ...claims] = await Promise.all([
        store.complete(key, token, 3600),
        ...many(16, () => store.claim(key, 60)),
      ])
      const taken = count(claims, 'acquired')
      equal('the owner or a taker', Number(completed) + taken, 1)
    }),
    check('a renewed lease is held', async (store, key) => {
      const token = await acquired(store, key, 0.5)
      equal('renewed', await store.renew(key, token, 60), true)
      await sleep(700)
      equal('the next claim', (await store.claim(key, 60)).state, 'in_progress')
    }),
    check('what is completed or given back has no owner any more', async (store, key) => {
      const first = await acquired(store, key, 60)
      await store.release(key, first)
      equal('completion after the release taken', await store.complete(key, first, 3600), false)
      const second = await acquired(store, key, 60)
      await store.complete(key, second, 3600)
      equal('second completion taken', await store.complete(key, second, 3600), false)
      equal('release after the completion taken', await store.release(key, second), false)
      equal('renewal after the completion taken', await store.renew(key, second, 60), false)
      equal('the next claim', (await store.claim(key, 60)).state, 'completed')
    }),
    check('a token that was never given owns nothing', async (store, key) => {
      await acquired(store, key, 60)
      const stranger = crypto.randomUUID()
      equal('completion taken', await store.complete(key, stranger, 3600), false)
      equal('release taken', await store.release(key, stranger), false)
      equal('renewal taken', await store.renew(key, stranger, 60), false)
    }),
    check('keys do not touch each other, however much alike', async (store, key) => {
      const keys = [key, `${key} `.trim().toUpperCase(), `${key}:`, `${key}%`, `${key}_`, `${key}'`, `${key}{a}`]
      for (const each of keys) await acquired(store, each, 60)
    }),
    check('attempts are counted, where they are counted at all', async (store, key) => {
      const first = await store.claim(key, 0.2)
      if (first.state !== 'acquired' || first.attempt === undefined) return
      equal('the first attempt', first.attempt, 1)
      await sleep(400)
      const second = await store.claim(key, 60)
      equal('the attempt after a lease ran out', attemptOf(second), 2)
      await store.release(key, second.state === 'acquired' ? second.token : '')
      equal('the attempt after a release', attemptOf(await store.claim(key, 60)), 3)
    }),
    check("a worker's clock changes nothing", async (store, key) => {
      const real = Date.now
      const token = await acquired(store, key, 60)
      try {
        for (const hours of [-1, 1]) {
          Date.now = () => real() + hours * 3_600_000
          equal(`a claim from a clock ${hours} h off`, (await store.claim(key, 60)).state, 'in_progress')
        }
      } finally {
        Date.now = real
      }
      equal('completed', await store.complete(key, token, 3600), true)
    }),
  ]
}
