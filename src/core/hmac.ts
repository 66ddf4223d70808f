import * as crypto from 'node:crypto'
import { encodeHex } from './bytes'

/** Length of an HMAC-SHA256 in bytes. */
export const macLength = 32

/** A secret prepared once for HMAC-SHA256. Printing one shows nothing of the secret. */
export interface MacKey {
  sign(...content: readonly Uint8Array[]): Uint8Array
  /**
   * Whether one of the offered MACs, each as lower-case hex, is right for `content`, in a time that tells nothing of where a wrong one
   * differs.
   */
  verify(content: readonly Uint8Array[], offered: readonly string[]): boolean | Promise<boolean>
}

/** The MAC of `content` as hex. */
type Sign = (content: readonly Uint8Array[]) => string

const blockLength = 64
/** From here on copying the content costs more than the objects that it saves. */
const maxOneShot = 16_384

/** RFC 2104 around the one-shot hash takes less than half the time of an `Hmac` object, where there is one that is right. */
const createSign = isRight(signInOneShot) ? signInOneShot : signWithHmac

export function createMacKey(secret: Uint8Array): MacKey {
  const sign = createSign(secret)
  // Compared as the digits that they are: decoding what is offered would cost as much as comparing it.
  const expected = Buffer.alloc(2 * macLength)
  const given = Buffer.alloc(2 * macLength)
  return {
    sign(...content) {
      const mac = Buffer.alloc(macLength)
      mac.write(sign(content), 'hex')
      return mac
    },
    verify(content, offered) {
      const right = sign(content)
      expected.write(right, 'latin1')
      for (const mac of offered) {
        if (mac.length !== given.length) continue
        given.write(mac, 'latin1')
        // Writing cuts what is no digit down to a byte. Only who has the right MAC gets as far as the second comparison.
        if (crypto.timingSafeEqual(expected, given) && mac === right) return true
      }
      return false
    },
  }
}

function signWithHmac(secret: Uint8Array): Sign {
  const key = crypto.createSecretKey(secret)
  return (content) => {
    const mac = crypto.createHmac('sha256', key)
    for (const part of content) mac.update(part)
    return mac.digest('hex')
  }
}

function signInOneShot(secret: Uint8Array): Sign {
  const long = signWithHmac(secret)
  const inner = padded(secret, 0x36, maxOneShot)
  const outer = padded(secret, 0x5c, macLength)
  return (content) => {
    let end = blockLength
    for (const part of content) {
      if (end + part.length > inner.length) return long(content)
      inner.set(part, end)
      end += part.length
    }
    outer.write(crypto.hash('sha256', inner.subarray(0, end), 'binary'), blockLength, 'latin1')
    return crypto.hash('sha256', outer, 'hex')
  }
}

/** A block of the key xor `pad`, with room behind it for what is hashed. */
function padded(secret: Uint8Array, pad: number, room: number): Buffer {
  const key = secret.length > blockLength ? crypto.createHash('sha256').update(secret).digest() : secret
  const block = Buffer.alloc(blockLength + room, 0)
  for (let i = 0; i < blockLength; i++) block[i] = (key[i] ?? 0) ^ pad
  return block
}

/** Asks for a known answer (RFC 4231, case 2): the one-shot hash is not in every runtime, and is young. */
function isRight(create: (secret: Uint8Array) => Sign): boolean {
  try {
    const mac = create(Buffer.from('Jefe'))([Buffer.from('what do ya want '), Buffer.from('for nothing?')])
    return mac === '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
  } catch {
    return false
  }
}

const comparisonKey = createMacKey(crypto.randomBytes(32))

/** Whether two secret texts of any length are equal, in a time that tells nothing of either, not even a length. */
export function equalSecrets(expected: Uint8Array, offered: Uint8Array): boolean {
  return crypto.timingSafeEqual(comparisonKey.sign(expected), comparisonKey.sign(offered))
}

export function sha256Hex(bytes: Uint8Array): string {
  return encodeHex(crypto.createHash('sha256').update(bytes).digest())
}
