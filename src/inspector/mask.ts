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
    return inLiterals(
      masked.replace(found, () => mark),
      (literal) => {
        const meant = spelled(literal)
        const shown = meant.replace(found, () => mark)
        return shown === meant ? literal : JSON.stringify(shown)
      },
    )
  }, text)
}

/** Puts the secrets back into a text that was shown and changed. */
export function unmask(text: string, secrets: readonly Hidden[]): string {
  return secrets.reduce((whole, { text: secret, mark }) => whole.replaceAll(mark, () => inJson(secret)), text)
}

/** Changes the JSON strings that have an escape in them. One pass: a pattern would start anew at each quote. */
function inLiterals(text: string, change: (literal: string) => string): string {
  if (!text.includes('\\')) return text
  const parts: string[] = []
  let done = 0
  for (let start = text.indexOf('"'); start !== -1; start = text.indexOf('"', done)) {
    const end = endOfLiteral(text, start)
    if (end === -1) break
    const literal = text.slice(start, end)
    parts.push(text.slice(done, start), literal.includes('\\') ? change(literal) : literal)
    done = end
  }
  return parts.join('') + text.slice(done)
}

/** Behind the closing quote; -1 where there is none. */
function endOfLiteral(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return -1
}

function spelled(literal: string): string {
  try {
    return String(JSON.parse(literal))
  } catch {
    return literal
  }
}

const inJson = (text: string) => JSON.stringify(text).slice(1, -1)
