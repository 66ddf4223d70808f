import type { RunScript, Send } from './redis-client'
import { discardScript, letterScript, recordOf } from './redis-scripts'
import type { Letter, Letters } from './store'

/** The letters in Redis, and an index of the keys that have them. */
export interface RedisLetters extends Letters {
  /**
   * Writes a letter right behind its entry in the index: a process that ends in between leaves none that is not listed. Where that
   * took its time, a listing may have found the entry without its letter, and dropped it.
   */
  listed<T>(letter: string, key: string, write: () => Promise<T>): Promise<T>
  /** Best effort: an entry whose letter is gone is found when letters are listed. */
  unlist(key: string): void
}

/** Two commands that were answered by then arrived one right behind the other. */
const promptMs = 10

export function redisLetters(prefix: string, send: Send, run: RunScript): RedisLetters {
  /** Keys that have letters, or had: of one score, so that they are in the order of their bytes. */
  const index = `${prefix}letters`

  async function keysAfter(prefix: string, after: string, limit: number): Promise<string[]> {
    const from = after >= prefix ? `(${after}` : `[${prefix}`
    const keys = await send(['ZRANGEBYLEX', index, from, `(${prefix}\x7f`, 'LIMIT', '0', String(limit)])
    return (keys as unknown[]).map(String)
  }

  async function read(key: string, which: 'any' | 'idle'): Promise<Letter | undefined> {
    const [text, attempts] = (await run(letterScript, recordOf(prefix, key), which)) as unknown[]
    return text === undefined ? undefined : { key, text: String(text), attempts: Number(attempts) }
  }

  /** The letter of an entry, unless somebody handles it. An entry without one goes, but not if one comes meanwhile. */
  async function listing(key: string): Promise<Letter | undefined> {
    if ((await read(key, 'any')) === undefined) {
      await send(['ZREM', index, key])
      if ((await read(key, 'any')) !== undefined) await send(['ZADD', index, '0', key])
    }
    return read(key, 'idle')
  }

  return {
    async listed(letter, key, write) {
      if (letter === '') return write()
      const list = () => send(['ZADD', index, '0', key])
      const startedMs = performance.now()
      const [, answer] = await Promise.all([list(), write()])
      if (performance.now() - startedMs > promptMs) await list()
      return answer
    },
    unlist(key) {
      send(['ZREM', index, key]).catch(() => {})
    },
    get: (key) => read(key, 'any'),
    async list(prefix, after, limit) {
      const found: Letter[] = []
      let last = after
      while (found.length < limit) {
        const keys = await keysAfter(prefix, last, limit)
        const letters = await Promise.all(keys.map(listing))
        found.push(...letters.filter((letter) => letter !== undefined))
        last = keys.at(-1) ?? ''
        if (keys.length < limit) break
      }
      return found.slice(0, limit)
    },
    // Its entry in the index goes when it is listed next: taken out now, it could be that of a new letter.
    discard: async (key) => ((await run(discardScript, recordOf(prefix, key))) as unknown[]).length > 0,
  }
}
