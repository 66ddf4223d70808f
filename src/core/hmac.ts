import { createHash, createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { encodeHex } from './bytes'

/** Length of an HMAC-SHA256 in bytes. */
export const macLength = 32

/** A secret prepared once for HMAC-SHA256. Printing one shows nothing of the secret. */
export interface MacKey {
  sign(...content: readonly Uint8Array[]): Uint8Array
  /** Whether one of the offered MACs is right for `content`, in a time that tells nothing of where a wrong one differs. */
  verify(content: readonly Uint8Array[], offered: readonly Uint8Array[]): boolean | Promise<boolean>
}

export function createMacKey(secret: Uint8Array): MacKey {
  const key = createSecretKey(secret)
  const sign = (...content: readonly Uint8Array[]): Uint8Array => {
    const mac = createHmac('sha256', key)
    for (const part of content) mac.update(part)
    return mac.digest()
  }
  return {
    sign,
    verify(content, offered) {
      const expected = sign(...content)
      return offered.some((mac) => mac.length === macLength && timingSafeEqual(expected, mac))
    },
  }
}

const comparisonKey = createMacKey(randomBytes(32))

/** Whether two secret texts of any length are equal, in a time that tells nothing of either, not even a length. */
export function equalSecrets(expected: Uint8Array, offered: Uint8Array): boolean {
  return timingSafeEqual(comparisonKey.sign(expected), comparisonKey.sign(offered))
}

export function sha256Hex(bytes: Uint8Array): string {
  return encodeHex(createHash('sha256').update(bytes).digest())
}
