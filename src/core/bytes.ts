import { WebhookError } from '../errors'

const encoder = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenientUtf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The bytes of a body. A string is taken to be the UTF-8 text that came over the wire. */
export function toBytes(body: Uint8Array | string): Uint8Array {
  return typeof body === 'string' ? encoder.encode(body) : body
}

/** Decodes UTF-8, refusing what is not; a byte order mark stays in, so that the JSON parser sees it. */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length >= longText && node !== undefined && !node.isAscii(bytes) && node.isUtf8(bytes))
    return node.transcode(bytes, 'utf8', 'utf16le').toString('utf16le')
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new WebhookError('payload_malformed', 'The body is not valid UTF-8.')
  }
}

/** From here on Node's transcoder takes a third of the time of a `TextDecoder`, where the text is not ASCII alone. */
const longText = 2048

/** Each byte as one character: right for ASCII, and only there. */
export function decodeLatin1(bytes: Uint8Array, from: number, to: number): string {
  if (isNodeBuffer(bytes)) return bytes.toString('latin1', from, to)
  const part = bytes.subarray(from, to)
  const text = lenientUtf8.decode(part)
  // No byte makes more than one character: as many of both are one for each.
  return text.length === part.length ? text : characters(part)
}

/** Told by what it can do: naming the class would have bundlers add one. */
function isNodeBuffer(bytes: Uint8Array): bytes is Buffer {
  return 'readUInt8' in bytes
}

const node = findNode()

/** Asked for and not imported: not every runtime has it. */
function findNode(): Pick<typeof import('node:buffer'), 'isAscii' | 'isUtf8' | 'transcode'> | undefined {
  const buffer = globalThis.process?.getBuiltinModule?.('buffer')
  const parts = [buffer?.isAscii, buffer?.isUtf8, buffer?.transcode]
  return parts.every((part) => typeof part === 'function') ? buffer : undefined
}

const hexDigits = '0123456789abcdef'
/** Whether a character is a lower-case hex digit, by its code. */
const isHexDigit = Array.from({ length: 128 }, (_, code) => Number(hexDigits.includes(String.fromCharCode(code))))

/** Whether a text is lower-case hex of exactly `length` bytes. */
export function isHex(text: string, length: number): boolean {
  if (text.length !== length * 2) return false
  for (let i = 0; i < text.length; i++) if (isHexDigit[text.charCodeAt(i)] !== 1) return false
  return true
}

/** Decodes what `isHex`. */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16))
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function encodeBase64(bytes: Uint8Array): string {
  return btoa(characters(bytes))
}

/** Each byte as one character. Not every runtime has a decoder for that. */
function characters(bytes: Uint8Array): string {
  const parts: string[] = []
  // More arguments than this at once overflow the stack of some engines.
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)))
  return parts.join('')
}

/** Throws on anything but base64. */
export function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

export function encodeHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hexDigits.charAt(byte >> 4) + hexDigits.charAt(byte & 15)
  return text
}
