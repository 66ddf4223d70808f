import type { IdempotencyStore, Letters } from '../stores/store'
import { acquired, assert, type Check, equal, type StoreCheck, sleep } from './checks'

/** For stores that keep letters; others pass. */
export function letterChecks(check: Check): StoreCheck[] {
  const withLetters = (
    name: string,
    play: (store: IdempotencyStore<unknown>, letters: Letters, key: string) => Promise<void>,
  ) =>
    check(name, async (store, key) => {
      if (store.letters !== undefined) await play(store, store.letters, key)
    })
  return [
    withLetters('a letter of a claim is listed when nobody handles it any more', async (store, letters, key) => {
      await acquired(store, key, 0.3, 'first')
      equal('letters listed while it is handled', (await letters.list(key, '', 9)).length, 0)
      equal('the letter, asked for', (await letters.get(key))?.text, 'first')
      await sleep(500)
      equal('letters listed', JSON.stringify(await letters.list(key, '', 9)), written(key, 'first', 1))
    }),
    withLetters('a letter of a release is kept until the key is completed', async (store, letters, key) => {
      await store.release(key, await acquired(store, key, 60), 'failed')
      equal('letters listed', JSON.stringify(await letters.list(key, '', 9)), written(key, 'failed', 1))
      await store.release(key, await acquired(store, key, 60))
      equal('the letter after another release', (await letters.get(key))?.text, 'failed')
      equal('attempts', (await letters.get(key))?.attempts, 2)
      await store.complete(key, await acquired(store, key, 60), 3600)
      equal('the letter after the completion', await letters.get(key), undefined)
      equal('letters listed after the completion', (await letters.list(key, '', 9)).length, 0)
    }),
    withLetters('a late owner who was replaced leaves no letter', async (store, letters, key) => {
      const late = await acquired(store, key, 0.2)
      await sleep(400)
      await acquired(store, key, 60, 'of the owner')
      equal('late release taken', await store.release(key, late, 'too late'), false)
      equal('the letter', (await letters.get(key))?.text, 'of the owner')
    }),
    withLetters('letters are listed in pages, in the order of their keys', async (store, letters, key) => {
      const keys = ['~', 'a', 'Z', '2', '10'].map((end) => `${key}:${end}`)
      for (const each of keys) await store.release(each, await acquired(store, each, 60), each)
      const first = await letters.list(`${key}:`, '', 3)
      const second = await letters.list(`${key}:`, first.at(-1)?.key ?? '', 3)
      equal('keys', [...first, ...second].map((letter) => letter.key).join(), keys.sort().join())
      equal('letters on the first page', first.length, 3)
    }),
    withLetters('a letter is discarded, unless somebody handles it', async (store, letters, key) => {
      const token = await acquired(store, key, 60, 'letter')
      equal('discarded while it is handled', await letters.discard(key), false)
      await store.release(key, token)
      equal('discarded', await letters.discard(key), true)
      equal('discarded again', await letters.discard(key), false)
      equal('the letter', await letters.get(key), undefined)
      await acquired(store, key, 60)
    }),
    withLetters('a letter of more than a megabyte comes back whole', async (store, letters, key) => {
      const text = 'payload '.repeat(200_000)
      await store.release(key, await acquired(store, key, 60), text)
      assert((await letters.get(key))?.text === text, 'it came back changed')
    }),
  ]
}

const written = (key: string, text: string, attempts: number) => JSON.stringify([{ key, text, attempts }])
