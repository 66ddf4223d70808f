import { makeBody } from './payloads'
import type { Peer } from './peers'
import { caspayWire, type Delivery, deliver, payqiWire, timestampedWire, usualHeaders, type Wire } from './wires'

const forger = 'whsec_of_somebody_else_0123456789'
const hourAgo = () => Date.now() - 3_600_000
const wrong = (at: number) => at.toString(16).padStart(64, 'e')

/** Something that must be refused, of a wire. */
export interface Refusal {
  readonly name: string
  readonly wire: Wire
  make(bytes: number): Delivery
  /** The same in another library's scheme, where it knows such a thing. */
  ofPeer?(peer: Peer, body: Buffer): Record<string, string> | undefined
}

const headed = (wire: Wire, bytes: number, headers: (body: Buffer) => Record<string, string>): Delivery => {
  const { body } = deliver(wire, 'items', bytes)
  return { headers: { ...usualHeaders(body), ...headers(body) }, body }
}
const flood = (count: number) => Array.from({ length: count }, (_, at) => `v1=${wrong(at)}`).join(',')

export const refusals: readonly Refusal[] = [
  {
    name: 'a forgery',
    wire: payqiWire,
    make: (bytes) => headed(payqiWire, bytes, (body) => payqiWire.sign(body, forger)),
    ofPeer: (peer) => peer.sign(Buffer.from('{"another":"body"}')),
  },
  {
    name: '200 signatures in the header',
    wire: timestampedWire,
    make: (bytes) =>
      headed(timestampedWire, bytes, () => ({
        'payvost-signature': `t=${Math.floor(Date.now() / 1000)},${flood(200)}`,
      })),
    ofPeer: (peer) => peer.flood?.(200),
  },
  {
    name: 'stale, its time in the header (PayQI)',
    wire: payqiWire,
    make: (bytes) => headed(payqiWire, bytes, (body) => payqiWire.sign(body, undefined, hourAgo())),
  },
  {
    name: 'stale, its time in the header (Payvost t=)',
    wire: timestampedWire,
    make: (bytes) => headed(timestampedWire, bytes, (body) => timestampedWire.sign(body, undefined, hourAgo())),
    ofPeer: (peer, body) => (peer.flood === undefined ? undefined : peer.sign(body, hourAgo())),
  },
  {
    name: 'stale, its time in the signed body (CasPay)',
    wire: caspayWire,
    make(bytes) {
      const body = makeBody('caspay', 'items', bytes, Date.now() - 30 * 86_400_000)
      return { headers: { ...usualHeaders(body), ...caspayWire.sign(body) }, body }
    },
  },
]
