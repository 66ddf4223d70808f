import { equalSecrets } from '#hmac'
import { toBytes } from '../core/bytes'
import { type JsonObject, parseJsonObject } from '../core/json'
import type { Secret } from '../core/secrets'
import type { TokenClues } from '../schemes/scheme'
import { aboutSecret, because, type Finding } from './finding'
import { causeOfOther } from './of-signature'

type Expected = Awaited<ReturnType<TokenClues['expected']>>[number]

/** Why a delivery's token is missing or not the right one; `undefined` where nothing fits. */
export async function findTokenCause(
  body: Uint8Array,
  { fields, expected, derive = (secret) => secret }: TokenClues,
  others: readonly Secret[],
  nowMs: number,
): Promise<Finding | undefined> {
  const payload = parsedOr(body)
  if (payload === undefined) return undefined
  const offered = fields
    .map((field) => (Object.hasOwn(payload, field) ? payload[field] : undefined))
    .filter((value) => typeof value === 'string' && value !== '')
    .map(String)
  if (offered.length === 0) return because('token_missing')
  const tokens = await expectedOr(expected, payload)
  for (const token of tokens) {
    const finding = compared(token, offered, nowMs)
    if (finding !== undefined) return finding
  }
  const modes = new Set(tokens.map(({ mode }) => mode))
  for (const { id, bytes, mode } of others) {
    const other = derivedOr(derive, bytes, payload)
    if (other !== undefined && offered.every((text) => equalSecrets(other, toBytes(text))))
      return { ...because(causeOfOther(mode, modes)), ...aboutSecret(id, bytes) }
  }
  return undefined
}

type Likeness = 'equal' | 'token_white_space' | 'token_case' | 'other'

function compared({ id, bytes, notAfterMs }: Expected, offered: readonly string[], nowMs: number): Finding | undefined {
  const likenesses = offered.map((text) => likeness(bytes, text))
  const about = aboutSecret(id, bytes)
  if (likenesses.every((each) => each === 'equal'))
    return nowMs > notAfterMs ? { ...because('secret_expired'), ...about } : undefined
  if (likenesses.includes('other'))
    return likenesses.every((each) => each === 'other') ? undefined : { ...because('token_differs'), ...about }
  const odd = likenesses.find((each) => each !== 'equal' && each !== 'other')
  return odd === undefined ? undefined : { ...because(odd), ...about }
}

function likeness(bytes: Uint8Array, offered: string): Likeness {
  if (equalSecrets(bytes, toBytes(offered))) return 'equal'
  const bare = offered
    .trim()
    .replace(/^["']|["']$/g, '')
    .trim()
  if (equalSecrets(bytes, toBytes(bare))) return 'token_white_space'
  const folded = toBytes(new TextDecoder().decode(bytes).toLowerCase())
  return equalSecrets(folded, toBytes(bare.toLowerCase())) ? 'token_case' : 'other'
}

function parsedOr(body: Uint8Array): JsonObject | undefined {
  try {
    return parseJsonObject(body)
  } catch {
    return undefined
  }
}

/** A look-up that refuses the payload has nothing to compare with. */
async function expectedOr(expected: TokenClues['expected'], payload: JsonObject): Promise<readonly Expected[]> {
  try {
    return await expected(payload)
  } catch {
    return []
  }
}

function derivedOr(derive: NonNullable<TokenClues['derive']>, secret: Uint8Array, payload: JsonObject) {
  try {
    return derive(secret, payload)
  } catch {
    return undefined
  }
}
