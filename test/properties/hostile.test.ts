import { describe, expect } from 'vitest'
import { isWebhookError } from '../../src'
import { hexHmac } from '../support/deliveries'
import { type Case, deliveries, request, timed } from './hostile-requests'
import { property } from './play'
import { freshReceiver, merchantId, type Sender, secret, token } from './senders'

/** The README's table: what may come of a delivery, and with which status. */
const table: Record<string, readonly number[]> = {
  processed: [200],
  duplicate: [200],
  in_progress: [409, 503],
  failed: [500],
  dead_letter: [200],
  rejected: [400, 401, 408, 413, 415, 422],
  unavailable: [503],
  misuse: [405, 500],
}

/** Whether what was sent holds a proof at all, seen from outside: no case without one may be taken. */
function holdsProof(sender: Sender, flat: readonly [string, string][], body: Uint8Array): boolean {
  const text = Buffer.from(body).toString()
  if (sender.name === 'kasperopay') return text.includes(merchantId) && text.includes('pay_1')
  if (sender.unsigned) return text.includes(token) || /"[0-9a-f]{64}"/.test(text)
  return flat.some(([, value]) => value === hexHmac(secret, body) || value === timed(secret)(body))
}

/** One of ours, and one that knows what it is about: only a socket that breaks is a surprise. */
function assertNamed(error: unknown, { bodyAs }: Case): void {
  if (!isWebhookError(error)) throw error
  if (bodyAs !== 'throwing') expect(error.code).not.toBe('internal_error')
}

describe('hostile deliveries', () => {
  property(
    'any bytes and any headers: an outcome of the table, and no handler without a proof',
    deliveries,
    async (each) => {
      const { request: sent, flat, body } = request(each)
      let handled = 0
      const outcome = await freshReceiver(each.sender.provider).receive(sent, () => {
        handled++
      })
      expect(table[outcome.kind]).toContain(outcome.reply.status)
      expect(handled).toBe(outcome.kind === 'processed' ? 1 : 0)
      if (handled > 0) expect(holdsProof(each.sender, flat, body)).toBe(true)
      expect(outcome.reply.body).not.toContain(secret)
      if ('error' in outcome) assertNamed(outcome.error, each)
    },
  )

  property('any bytes and any headers: verify throws WebhookErrors and nothing else', deliveries, async (each) => {
    const { request: sent, flat, body } = request(each)
    const event = await freshReceiver(each.sender.provider)
      .verify(sent)
      .catch((error: unknown) => {
        assertNamed(error, each)
        expect(String(error)).not.toContain(secret)
      })
    if (event !== undefined) expect(holdsProof(each.sender, flat, body)).toBe(true)
  })
})
