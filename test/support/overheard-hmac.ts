/** `src/core/hmac.ts`, remembering every key and every right signature: whatever the library says is searched for them. */
import * as hmac from '../../src/core/hmac'
import { rememberSecret, rememberSignature } from './said'

export const { macLength, sha256Hex } = hmac
export type { MacKey } from '../../src/core/hmac'

export function createMacKey(secret: Uint8Array): hmac.MacKey {
  const key = hmac.createMacKey(secret)
  rememberSecret(secret)
  const sign: hmac.MacKey['sign'] = (...content) => {
    const mac = key.sign(...content)
    rememberSignature(mac)
    return mac
  }
  return {
    sign,
    verify(content, offered) {
      sign(...content)
      return key.verify(content, offered)
    },
  }
}

export function equalSecrets(expected: Uint8Array, offered: Uint8Array): boolean {
  rememberSecret(expected)
  return hmac.equalSecrets(expected, offered)
}
