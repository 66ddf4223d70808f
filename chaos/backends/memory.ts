import { memoryStore } from '../../src'
import type { Backend } from './backend'

/** One process alone. Nobody but the library knows what it keeps. */
export function openMemory(): Backend {
  const effects: string[] = []
  return {
    store: memoryStore(),
    async prepare() {},
    async effect(id) {
      effects.push(id)
    },
    effects: async () => effects,
    kept: async (keys) => keys.map(() => undefined),
    async clear() {},
    async close() {},
  }
}
