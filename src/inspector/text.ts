import { toBytes } from '../core/bytes'
import { mask } from './mask'
import type { Secrets } from './secrets'
import type { ShownText } from './shown'

/** More than this of one text is more than a page should hold. */
export const maxShown = 64 * 1024
const maxDumped = 4096

/** Bytes as a page may show them: as text where they are UTF-8, with secrets hidden, and cut. */
export function shownText(bytes: Uint8Array, secrets: Secrets): ShownText {
  const text = decoded(bytes)
  if (text === undefined) {
    const { body, hidden } = maskBytes(bytes, secrets)
    const dump = hexDump(body.subarray(0, maxDumped))
    return { text: dump, bytes: bytes.length, cut: body.length > maxDumped, as: 'hex', hidden }
  }
  const masked = mask(text, secrets)
  const shown = cutAt(masked, maxShown)
  return { text: shown, bytes: bytes.length, cut: shown !== masked, as: 'text', hidden: masked !== text }
}

/** Bytes with secrets hidden in them. What is no UTF-8 is gone through byte by byte: a secret in it would be dumped. */
export function maskBytes(bytes: Uint8Array, secrets: Secrets): { body: Uint8Array; hidden: boolean } {
  const text = decoded(bytes)
  const read = text ?? Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  const masked = mask(read, secrets)
  if (masked === read) return { body: bytes, hidden: false }
  return {
    body: text === undefined ? Uint8Array.from(masked, (char) => char.charCodeAt(0)) : toBytes(masked),
    hidden: true,
  }
}

/** The text that bytes are the UTF-8 of. */
export function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Never in the middle of a surrogate pair. */
function cutAt(text: string, length: number): string {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length)
}

/** Sixteen bytes to a line: where they are, in hex, and what of them is ASCII. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const ascii = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  ${ascii}`)
  }
  return lines.join('\n')
}
