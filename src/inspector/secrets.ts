import { isCredential } from '../core/credentials'
import { parseJsonObject } from '../core/json'
import type { Provider } from '../providers/provider'
import type { Clues } from '../schemes/scheme'
import type { Kept } from './log'

/** A secret that must not be shown wherever it stands, and how it is called. */
export interface KnownSecret {
  readonly id: string
  readonly text: string
}

/** What to hide of a delivery. */
export interface Secrets {
  readonly known: readonly KnownSecret[]
  /** Whether a field or parameter of that name holds a secret, whatever its value. */
  isSecret(name: string): boolean
}

/** Without asking anybody: what the provider signs with, and what is named like a secret. */
export function ownSecrets(provider: Provider | undefined): Secrets {
  const clues = provider?.clues?.()
  const fields = clues?.proof === 'token' ? clues.fields.map((name) => name.toLowerCase()) : []
  return {
    known: clues?.proof === 'signature' ? clues.keys.map(({ id, reveal }) => ({ id, text: textOf(reveal()) })) : [],
    isSecret: (name) => isCredential(name) || fields.includes(name.toLowerCase()),
  }
}

/** Besides those, the tokens that this delivery should carry: some senders send one in every body. */
export async function secretsIn(provider: Provider | undefined, body: Uint8Array | undefined): Promise<Secrets> {
  const own = ownSecrets(provider)
  const clues = provider?.clues?.()
  if (clues?.proof !== 'token') return own
  const tokens = await tokensFor(body, clues)
  return { ...own, known: [...own.known, ...tokens.map(({ id, bytes }) => ({ id, text: textOf(bytes) }))] }
}

/** Whether a header holds somebody's credentials: a signature is none, whatever its header is called. */
export function isSecretHeader({ source }: Pick<Kept, 'source'>, name: string): boolean {
  const clues = source.provider?.clues?.()
  return isCredential(name) && !(clues?.proof === 'signature' && clues.headers.includes(name.toLowerCase()))
}

/** A look-up that refuses the payload, or a body that is none, has no token to hide. */
async function tokensFor(body: Uint8Array | undefined, { expected }: Extract<Clues, { proof: 'token' }>) {
  try {
    return await expected(parseJsonObject(body ?? new Uint8Array()))
  } catch {
    return []
  }
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
