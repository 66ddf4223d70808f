import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { explain, isWebhookError } from '../../src'
import { hexHmac, type Pairs } from '../support/deliveries'
import { choices, extras, type Members, number } from './json-texts'
import { property } from './play'
import { confirmed, now, orderTokenSecret, seconds, secret, signers, spell, token, tokenSenders } from './senders'

/** All that may be said of a delivery that nobody who knows a secret has made. */
const causes = new Set([
  'unexplained',
  'refused',
  'signature_missing',
  'signature_empty',
  'signature_placeholder',
  'other_provider',
  'body_empty',
  'body_too_large',
  'token_missing',
])

const compressed = [Buffer.from([0x1f, 0x8b]), Buffer.from([0x78, 0x9c]), Buffer.alloc(0)]
const nested = fc.nat(4000).map((depth) => Buffer.from('['.repeat(depth) + ']'.repeat(depth)))
const bytes = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...compressed), fc.uint8Array({ maxLength: 100 }))
      .map((parts) => Buffer.concat(parts)),
  },
  { weight: 1, arbitrary: nested },
)

const ways = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('plain', 'timed', 'base64', 'prefixed', 'capitals', 'cut', 'random') },
  { weight: 1, arbitrary: fc.constantFrom('', 'test_signature', 'none') },
)
/** Signatures of somebody who has any key but ours, in the provider's own header or in another's. */
const forgeries = fc.record({
  header: fc.constantFrom(undefined, undefined, undefined, 'X-CasPay-Signature', 'X-PayQI-Signature'),
  way: ways,
  key: fc.string({ minLength: 1, maxLength: 40 }),
})

function forge(way: string, key: string, body: Uint8Array): string {
  const hex = hexHmac(`not ours: ${key}`, body)
  const made: Record<string, string> = {
    plain: hex,
    timed: `t=${seconds},v1=${hexHmac(`not ours: ${key}`, `${seconds}.`, body)}`,
    base64: Buffer.from(hex, 'hex').toString('base64'),
    prefixed: `sha256=${hex}`,
    capitals: hex.toUpperCase(),
    cut: hex.slice(0, 32),
    random: randomBytes(32).toString('hex'),
  }
  return made[way] ?? way
}

/** With a token of somebody else's. */
const withoutTokens = ({ members }: Members): Members => ({
  members: members.map(([key, value]) => (/token/.test(key) ? [key, 'a guess of a token'] : [key, value])),
})

describe('explain', () => {
  property(
    'explain says nothing of forgeries, and never a secret',
    fc.record({
      sender: fc.constantFrom(...signers, ...tokenSenders, confirmed('{}')),
      more: fc.array(extras, { minLength: 1, maxLength: 3 }),
      style: choices,
      forgery: forgeries,
      body: fc.oneof(bytes, fc.constant(undefined)),
    }),
    async ({ sender, more, style, forgery: { header, way, key }, body: any }) => {
      const body =
        any ?? spell(withoutTokens(sender.body({ id: 'id_1', amount: number('1') })), more, style, style).bytes
      const [[own] = ['X-Signature']] = sender.headers(body)
      const sent: Pairs = way === 'none' ? [] : [[header ?? own, forge(way, key, body)]]
      const said = await explain({ headers: sent, body }, { provider: sender.provider, now }).catch(
        (error: unknown) => {
          if (!isWebhookError(error)) throw error
          return { cause: 'refused', sentence: error.message }
        },
      )
      expect(causes).toContain(said.cause)
      const text = JSON.stringify(said)
      for (const hidden of [secret, token, orderTokenSecret]) expect(text).not.toContain(hidden)
    },
  )
})
