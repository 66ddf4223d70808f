import { equalSecrets } from '#hmac'
import type { Awaitable } from '../core/awaitable'
import { toBytes } from '../core/bytes'
import type { JsonObject } from '../core/json'
import { WebhookError } from '../errors'
import { type Delivery, type ExpectedToken, maxUnprovenBytes, type Scheme, type TokenClues } from './scheme'

export interface BodyTokenSettings {
  /** The names under which the token may stand in the body. If several are there, each must match. */
  readonly fields: readonly string[]
  /** The tokens that are right for this payload; none for an order nobody knows. */
  readonly expected: (payload: JsonObject) => Awaitable<readonly ExpectedToken[]>
  /** For `explain`: the token that is made of a secret for this payload, where it is not the secret itself. */
  readonly derive?: TokenClues['derive']
}

/** A token of the merchant's own travels in the body. It proves the sender, not what the rest of the body says. */
export function bodyToken({ fields, expected, derive }: BodyTokenSettings): Scheme {
  return {
    headers: [],
    maxBodyBytes: maxUnprovenBytes,
    async prove(delivery, context) {
      const payload = readPayload(delivery, fields)
      const offered = readTokens(payload, fields)
      const live = (await expected(payload)).filter((token) => context.nowMs <= token.notAfterMs)
      const match = live.find((token) => offered.every((text) => equalSecrets(token.bytes, toBytes(text))))
      if (match === undefined) {
        throw new WebhookError(
          'token_mismatch',
          'The token in the body is not the one expected for this order: a forgery, or another token.',
        )
      }
      const mode = match.mode === undefined ? {} : { mode: match.mode }
      return { proof: { by: 'token', coversBody: false, secretId: match.id, ...mode }, facts: undefined }
    },
    clues: () => ({ proof: 'token', fields, expected, derive }),
  }
}

/** Before the token matched nothing is proven: a body that cannot be read is a missing token like any other. */
function readPayload(delivery: Delivery, fields: readonly string[]): JsonObject {
  try {
    return delivery.payload()
  } catch {
    throw missingToken(fields, 'The body cannot be read as a JSON object.')
  }
}

function readTokens(payload: JsonObject, fields: readonly string[]): readonly string[] {
  const tokens: string[] = []
  for (const field of fields) {
    const value = Object.hasOwn(payload, field) ? payload[field] : undefined
    if (value === undefined || value === null) continue
    if (typeof value !== 'string' || value === '') throw missingToken([field], 'It must be a string that is not empty.')
    tokens.push(value)
  }
  if (tokens.length === 0) throw missingToken(fields, 'Was it set when the order was created?')
  return tokens
}

function missingToken(fields: readonly string[], advice: string): WebhookError {
  return new WebhookError('token_missing', `No token in \`${fields.join('` or `')}\` of the body. ${advice}`)
}
