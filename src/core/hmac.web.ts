import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { decodeHex, encodeHex, isHex, joinBytes } from './bytes'
import type { MacKey } from './hmac'

/**
 * `hmac.ts` for runtimes without `node:crypto`. WebCrypto checks signatures; it is asynchronous, so what must be
 * synchronous (making a token, comparing tokens, hashing a body) is done by @noble/hashes, which is bundled.
 */
export const macLength = 32

const algorithm = { name: 'HMAC', hash: 'SHA-256' }

export function createMacKey(secret: Uint8Array): MacKey {
  let imported: Promise<CryptoKey> | undefined
  return {
    sign: (...content) => hmac(sha256, secret, joinBytes(content)),
    async verify(content, offered) {
      imported ??= crypto.subtle.importKey('raw', secret.slice(), algorithm, false, ['verify'])
      const key = await imported
      const bytes = joinBytes(content)
      for (const mac of offered) {
        if (isHex(mac, macLength) && (await crypto.subtle.verify('HMAC', key, decodeHex(mac), bytes))) return true
      }
      return false
    },
  }
}

let comparisonKey: MacKey | undefined

export function equalSecrets(expected: Uint8Array, offered: Uint8Array): boolean {
  // Workers forbid random numbers while a module loads.
  comparisonKey ??= createMacKey(crypto.getRandomValues(new Uint8Array(32)))
  const left = comparisonKey.sign(expected)
  const right = comparisonKey.sign(offered)
  let difference = 0
  for (let i = 0; i < macLength; i++) difference |= (left[i] ?? 0) ^ (right[i] ?? 0)
  return difference === 0
}

export function sha256Hex(bytes: Uint8Array): string {
  return encodeHex(sha256(bytes))
}
