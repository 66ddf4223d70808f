import { createHmac, timingSafeEqual } from 'node:crypto'
import { caspay, type Provider, payqi, payvost, type WebhookEvent } from 'payproof'
import { type Form, makeBody, type Shape } from './payloads'

export type Headers = Record<string, string>

/** One request as `node:http` hands it over. */
export interface Delivery {
  readonly headers: Headers
  readonly body: Buffer
}

/** How deliveries come in and what an engineer would write by hand to take them. */
export interface Wire {
  readonly name: string
  readonly form: Form
  readonly provider: () => Provider<WebhookEvent>
  sign(body: Buffer, secret?: string, atMs?: number): Headers
  /** The hand-written floor: proves with Node's own crypto, parses, types nothing. */
  floor(delivery: Delivery): unknown
}

export const secret = 'whsec_bench_0123456789abcdef0123456789abcdef'

const plain = (name: Form, header: string, provider: Wire['provider']): Wire => ({
  name,
  form: name,
  provider,
  sign: (body, by = secret, atMs = Date.now()) => ({
    [header]: hexHmac(by, body),
    // PayQI dates every attempt, unsigned.
    ...(name === 'payqi' ? { 'x-payqi-timestamp': String(Math.floor(atMs / 1000)) } : {}),
  }),
  floor: ({ headers, body }) => {
    const expected = createHmac('sha256', secret).update(body).digest()
    const offered = Buffer.from(headers[header] ?? '', 'hex')
    if (offered.length !== expected.length || !timingSafeEqual(expected, offered)) throw new Error('bad signature')
    return JSON.parse(body.toString('utf8'))
  },
})

const timestamped: Wire = {
  name: 'payvost t=',
  form: 'payvost',
  provider: () => payvost({ secret }) as unknown as Provider<WebhookEvent>,
  sign(body, by = secret, atMs = Date.now()) {
    const seconds = Math.floor(atMs / 1000)
    return { 'payvost-signature': `t=${seconds},v1=${hexHmac(by, `${seconds}.`, body)}` }
  },
  floor({ headers, body }) {
    const [, seconds = '', hex = ''] = /^t=(\d+),v1=([\da-f]+)$/.exec(headers['payvost-signature'] ?? '') ?? []
    if (Math.abs(Date.now() / 1000 - Number(seconds)) > 300) throw new Error('too old')
    const expected = createHmac('sha256', secret).update(`${seconds}.`).update(body).digest()
    const offered = Buffer.from(hex, 'hex')
    if (offered.length !== expected.length || !timingSafeEqual(expected, offered)) throw new Error('bad signature')
    return JSON.parse(body.toString('utf8'))
  },
}

export const payqiWire = plain(
  'payqi',
  'x-payqi-signature',
  () => payqi({ secret }) as unknown as Provider<WebhookEvent>,
)
export const caspayWire = plain(
  'caspay',
  'x-caspay-signature',
  () => caspay({ secret }) as unknown as Provider<WebhookEvent>,
)
export const payvostWire = plain(
  'payvost',
  'payvost-signature',
  () => payvost({ secret }) as unknown as Provider<WebhookEvent>,
)
export const timestampedWire = timestamped
export const wires: readonly Wire[] = [payqiWire, caspayWire, payvostWire, timestamped]

/** The headers that come with every delivery, whoever signs it. */
export function usualHeaders(body: Buffer): Headers {
  return {
    host: 'shop.example.com',
    'user-agent': 'payments/2.1',
    'content-type': 'application/json',
    'content-length': String(body.length),
    accept: '*/*',
    'accept-encoding': 'identity',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'x-request-id': '2f1c9b64-7d0e-4a53-9f0d-0c5f6c1f9a11',
  }
}

export function deliver(wire: Wire, shape: Shape, bytes: number): Delivery {
  const body = makeBody(wire.form, shape, bytes)
  return { headers: { ...usualHeaders(body), ...wire.sign(body) }, body }
}

/** Hands out these one after the other, over and over. */
export function inTurn<T>(items: readonly T[]): () => T {
  let at = 0
  return () => {
    const item = items[at++ % items.length]
    if (item === undefined) throw new Error('There is nothing to hand out.')
    return item
  }
}

export function hexHmac(by: string, ...content: readonly (string | Buffer)[]): string {
  const mac = createHmac('sha256', by)
  for (const part of content) mac.update(part)
  return mac.digest('hex')
}
