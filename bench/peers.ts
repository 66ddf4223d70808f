import { createHmac } from 'node:crypto'
import { WebhookVerificationService } from '@hookflo/tern'
import { verify as verifyOctokit } from '@octokit/webhooks-methods'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { Webhook as SvixWebhook } from 'svix'
import { type Delivery, type Headers, hexHmac, secret } from './wires'

/** Another library that receives webhooks: the same body bytes, signed in its own scheme. */
export interface Peer {
  readonly name: string
  /** Whether what it gives has to be awaited. */
  readonly awaited: boolean
  sign(body: Buffer, atMs?: number): Headers
  /** Of a header that offers so many signatures, none of them right. */
  flood?(signatures: number): Headers
  /** The payload, parsed. Throws or rejects unless it is proven. */
  verify(delivery: Delivery): unknown
}

const keyText = Buffer.from(secret).toString('base64')
const seconds = (atMs = Date.now()) => Math.floor(atMs / 1000)
const wrongHex = (at: number) => at.toString(16).padStart(64, 'e')
const wrongBase64 = (at: number) => Buffer.from(wrongHex(at), 'hex').toString('base64')
const many = (count: number, item: (at: number) => string) => Array.from({ length: count }, (_, at) => item(at))

const stripeScheme = {
  sign: (body: Buffer, atMs?: number) => {
    const at = seconds(atMs)
    return { 'stripe-signature': `t=${at},v1=${hexHmac(secret, `${at}.`, body)}` }
  },
  flood: (signatures: number) => ({
    'stripe-signature': `t=${seconds()},${many(signatures, (at) => `v1=${wrongHex(at)}`).join(',')}`,
  }),
}

const standardScheme = (prefix: 'webhook' | 'svix') => {
  const head = (at: number) => ({ [`${prefix}-id`]: 'msg_1', [`${prefix}-timestamp`]: String(at) })
  return {
    sign: (body: Buffer, atMs?: number) => {
      const at = seconds(atMs)
      const mac = createHmac('sha256', secret).update(`msg_1.${at}.`).update(body).digest('base64')
      return { ...head(at), [`${prefix}-signature`]: `v1,${mac}` }
    },
    flood: (signatures: number) => ({
      ...head(seconds()),
      [`${prefix}-signature`]: many(signatures, (at) => `v1,${wrongBase64(at)}`).join(' '),
    }),
  }
}

const stripe = new Stripe('sk_test_bench')
const standard = new StandardWebhook(keyText)
const svix = new SvixWebhook(keyText)

export const stripePeer: Peer = {
  ...stripeScheme,
  name: 'stripe',
  awaited: false,
  verify: ({ headers, body }) => stripe.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', secret),
}

const subtle = Stripe.createSubtleCryptoProvider()
/** What runs where there is no `node:crypto`. */
export const stripeAsyncPeer: Peer = {
  ...stripeScheme,
  name: 'stripe constructEventAsync',
  awaited: true,
  verify: ({ headers, body }) =>
    stripe.webhooks.constructEventAsync(body, headers['stripe-signature'] ?? '', secret, undefined, subtle),
}

export const octokitPeer: Peer = {
  name: '@octokit/webhooks-methods',
  awaited: true,
  sign: (body) => ({ 'x-hub-signature-256': `sha256=${hexHmac(secret, body)}` }),
  async verify({ headers, body }) {
    const text = body.toString('utf8')
    if (!(await verifyOctokit(secret, text, headers['x-hub-signature-256'] ?? ''))) throw new Error('bad signature')
    return JSON.parse(text)
  },
}

export const standardPeer: Peer = {
  ...standardScheme('webhook'),
  name: 'standardwebhooks',
  awaited: false,
  verify: ({ headers, body }) => standard.verify(body, headers),
}

export const svixPeer: Peer = {
  ...standardScheme('svix'),
  name: 'svix',
  awaited: false,
  verify: ({ headers, body }) => svix.verify(body, headers),
}

/** It takes a fetch `Request` and nothing else: making one is in its time. */
export const ternPeer: Peer = {
  ...stripeScheme,
  name: '@hookflo/tern',
  awaited: true,
  async verify({ headers, body }) {
    // What Node types as perhaps shared never is.
    const init = { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> }
    const request = new Request('https://shop.example.com/webhooks', init)
    const result = await WebhookVerificationService.verifyWithPlatformConfig(request, 'stripe', secret)
    if (!result.isValid) throw new Error(result.error)
    return result.payload
  },
}

export const peers: readonly Peer[] = [stripePeer, octokitPeer, standardPeer, svixPeer, ternPeer]
