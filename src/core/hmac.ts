import { createHash, createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { encodeHex } from './bytes'

/** Length of an HMAC-SHA256 in bytes. */
export const macLength = 32

/** A secret prepared once for HMAC-SHA256. Printing one shows nothing of the secret. */
export interface MacKey {
  sign(...content: readonly Uint8Array[]): Uint8Array
}

export function createMacKey(secret: Uint8Array): MacKey {
  const key = createSecretKey(secret)
  return {
    sign(...content) {
      const mac = createHmac('sha256', key)
      for (const part of content) mac.update(part)
      return mac.digest()
    },
  }
}

/** Whether two MACs are equal, in a time that tells nothing of where they differ. */
export function equalMacs(expected: Uint8Array, offered: Uint8Array): boolean {
  return expected.length === macLength && offered.length === macLength && timingSafeEqual(expected, offered)
}

const comparisonKey = createMacKey(randomBytes(32))

/** Whether two secret texts of any length are equal, in a time that tells nothing of either, not even a length. */
export function equalSecrets(expected: Uint8Array, offered: Uint8Array): boolean {
  return timingSafeEqual(comparisonKey.sign(expected), comparisonKey.sign(offered))
}

export function sha256Hex(bytes: Uint8Array): string {
  return encodeHex(createHash('sha256').update(bytes).digest())
}
