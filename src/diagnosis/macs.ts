import { equalSecrets } from '#hmac'
import type { Mark } from './marks'
import type { Cause } from './variants'

/** Larger bodies are tried with the keys as they are, and no further. */
export const maxDiagnosedBytes = 16 * 1024

/** What one diagnosis may cost, whatever a stranger sends: a single change is always tried, two together as far as it goes. */
const maxMacs = 1200
const maxHashedBytes = 8 * 1024 * 1024

export interface Macs {
  /** What is odd about the mark that this key made over this content; `undefined` if it made none. */
  match(key: Uint8Array, content: Uint8Array): Promise<readonly Cause[] | undefined>
  /** Whether as many MACs were made as one diagnosis may make. */
  isSpent(): boolean
}

type Algorithm = 'SHA-256' | 'SHA-1' | 'SHA-384' | 'SHA-512'
const algorithmOfLength: Readonly<Record<number, Algorithm>> = {
  20: 'SHA-1',
  32: 'SHA-256',
  48: 'SHA-384',
  64: 'SHA-512',
}
const minCutBytes = 8

/** Makes MACs to hold against some marks, each once however many marks there are. */
export function createMacs(marks: readonly Mark[]): Macs {
  const byAlgorithm = new Map<Algorithm, Mark[]>()
  for (const mark of marks.filter(({ bytes }) => bytes.length >= minCutBytes)) {
    const algorithm = algorithmOfLength[mark.bytes.length] ?? 'SHA-256'
    byAlgorithm.set(algorithm, [...(byAlgorithm.get(algorithm) ?? []), mark])
  }
  const left = { macs: maxMacs, bytes: maxHashedBytes }
  const imports = new WeakMap<Uint8Array, Map<Algorithm, Promise<CryptoKey>>>()

  async function sign(algorithm: Algorithm, key: Uint8Array, content: Uint8Array): Promise<Uint8Array> {
    const imported = imports.get(key) ?? new Map<Algorithm, Promise<CryptoKey>>()
    imports.set(key, imported)
    const ready = imported.get(algorithm) ?? importKey(algorithm, key)
    imported.set(algorithm, ready)
    return new Uint8Array(await crypto.subtle.sign('HMAC', await ready, new Uint8Array(content)))
  }

  return {
    isSpent: () => left.macs <= 0 || left.bytes <= 0,
    async match(key, content) {
      if (key.length === 0) return undefined
      for (const [algorithm, candidates] of byAlgorithm) {
        left.macs--
        left.bytes -= content.length
        if (left.macs < 0 || left.bytes < 0) return undefined
        const made = await sign(algorithm, key, content)
        const match = candidates.find(({ bytes }) => equalSecrets(made.slice(0, bytes.length), bytes))
        if (match !== undefined) return oddities(match, algorithm, made.length)
      }
      return undefined
    },
  }
}

function importKey(hash: Algorithm, key: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new Uint8Array(key), { name: 'HMAC', hash }, false, ['sign'])
}

function oddities({ bytes, cause }: Mark, algorithm: Algorithm, length: number): Cause[] {
  const odd: Cause[] = cause === undefined ? [] : [cause]
  if (bytes.length < length) return [...odd, 'signature_cut']
  return algorithm === 'SHA-256' ? odd : [...odd, 'signature_algorithm']
}
