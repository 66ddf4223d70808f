import { joinBytes } from '../core/bytes'
import { maxDiagnosedBytes } from './macs'

/** What a compressed body holds, unless that is more than is diagnosed. */
export async function inflate(body: Uint8Array): Promise<Uint8Array | undefined> {
  const format = body[0] === 0x1f && body[1] === 0x8b ? 'gzip' : body[0] === 0x78 ? 'deflate' : undefined
  if (format === undefined || typeof DecompressionStream === 'undefined') return undefined
  const reader = new Blob([new Uint8Array(body)]).stream().pipeThrough(new DecompressionStream(format)).getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length
      if (length > maxDiagnosedBytes) return await reader.cancel().then(() => undefined)
      chunks.push(next.value)
    }
  } catch {
    return undefined
  }
  return joinBytes(chunks)
}
