import { parseJsonObject } from '../core/json'
import type { Provider } from '../providers/provider'

/** A secret that must not be shown, and what stands in its place. */
export interface Hidden {
  readonly text: string
  readonly mark: string
}

/**
 * The secrets that a provider's delivery may hold: what it signs with, which no sender should ever send, and tokens, which
 * some send in every body.
 */
export async function secretsIn(provider: Provider | undefined, body: Uint8Array | undefined): Promise<Hidden[]> {
  const clues = provider?.clues?.()
  if (clues === undefined) return []
  const secrets =
    clues.proof === 'signature'
      ? clues.keys.map(({ id, reveal }) => ({ id, bytes: reveal() }))
      : await tokensFor(body, clues.expected)
  return secrets.map(({ id, bytes }) => ({ text: new TextDecoder().decode(bytes), mark: `[hidden: ${id}]` }))
}

type Tokens = readonly { readonly id: string; readonly bytes: Uint8Array }[]

/** A look-up that refuses the payload, or a body that is none, has no token to hide. */
async function tokensFor(
  body: Uint8Array | undefined,
  expected: (payload: ReturnType<typeof parseJsonObject>) => Tokens | PromiseLike<Tokens>,
): Promise<Tokens> {
  try {
    return await expected(parseJsonObject(body ?? new Uint8Array()))
  } catch {
    return []
  }
}

/** Puts marks in the place of secrets, whatever their capitals, also where JSON escapes spell them. */
export function mask(text: string, secrets: readonly Hidden[]): string {
  return secrets.reduce((masked, { text: secret, mark }) => {
    const found = new RegExp(secret.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi')
    const plain = masked.replace(found, () => mark)
    return plain.replace(escapedLiteral, (literal) => {
      const meant = spelled(literal)
      const shown = meant.replace(found, () => mark)
      return shown === meant ? literal : JSON.stringify(shown)
    })
  }, text)
}

/** Puts the secrets back into a text that was shown and changed. */
export function unmask(text: string, secrets: readonly Hidden[]): string {
  return secrets.reduce((whole, { text: secret, mark }) => whole.replaceAll(mark, () => inJson(secret)), text)
}

/** A JSON string with an escape in it. */
const escapedLiteral = /"[^"\\]*(?:\\.[^"\\]*)+"/g

function spelled(literal: string): string {
  try {
    return String(JSON.parse(literal))
  } catch {
    return literal
  }
}

const inJson = (text: string) => JSON.stringify(text).slice(1, -1)
