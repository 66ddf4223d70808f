import { type Contestant, interleave, repeat, repeatAwaited } from './measure'
import { assertProves, compare, createOurs, ours } from './ours'
import type { Bench, Part } from './part'
import { type Shape, type Size, shapes, sizes } from './payloads'
import { type Peer, peers } from './peers'
import { type Measured, toResult } from './verify-tables'
import { type Delivery, deliver, inTurn, payqiWire, usualHeaders, type Wire, wires } from './wires'

export const verify: Part = {
  name: 'verify',
  question: '`receiver.verify` of every signing provider, beside the hand-written floor and other libraries',
  method: `CPU time as a multiple of the floor's: the median round, and the middle half of the rounds in brackets; wall time behind it.
The floor proves and parses, and types nothing; payproof's \`verify\` is awaited, proves, checks freshness, parses and types.
The bodies: \`items\` is many small values, ASCII; \`text\` is one long text field with letters beyond ASCII. Other libraries
verify the same bytes, signed in their own schemes, and parse them. @hookflo/tern takes a fetch \`Request\` only: making one is in its time.`,
  async run(bench) {
    const measured: Measured[] = []
    for (const shape of shapes) {
      for (const size of bench.guard ? (['0.6 KB', '64 KB'] as const) : (Object.keys(sizes) as Size[])) {
        bench.say(`${shape}, ${size}`)
        for (const wire of bench.guard ? [payqiWire] : wires)
          measured.push(await measure(wire, shape, size, wire === payqiWire && !bench.guard ? peers : [], bench))
      }
    }
    return toResult(measured)
  },
}

/** How many bodies take turns, so that none is the one before. */
const distinct: Readonly<Record<Size, number>> = { '0.6 KB': 64, '4 KB': 32, '64 KB': 8, '1 MB': 2 }

async function measure(
  wire: Wire,
  shape: Shape,
  size: Size,
  rivals: readonly Peer[],
  { pace }: Bench,
): Promise<Measured> {
  const deliveries = Array.from({ length: distinct[size] }, () => deliver(wire, shape, sizes[size]))
  const receiver = createOurs(wire)
  const [first] = deliveries
  if (first !== undefined) {
    const forged = { ...first, headers: { ...first.headers, ...wire.sign(first.body, 'whsec_of_somebody_else_0123') } }
    await assertProves('payproof', (delivery) => receiver.verify(delivery), first, forged)
    await assertProves('floor', wire.floor, first, forged)
  }
  const [next, nextOfFloor] = [inTurn(deliveries), inTurn(deliveries)]
  const contestants: Contestant[] = [
    { name: 'payproof', run: repeatAwaited(ours(() => receiver.verify(next()))) },
    { name: 'floor', run: repeat(() => wire.floor(nextOfFloor())) },
    ...(await Promise.all(rivals.map((peer) => contestant(peer, deliveries)))),
  ]
  const timings = await interleave(contestants, pace)
  const ratios = (clock: 'cpuMs' | 'wallMs') =>
    new Map(contestants.map(({ name }) => [name, compare(timings, name, 'floor', clock)]))
  return { wire: wire.name, shape, size, cpu: ratios('cpuMs'), wall: ratios('wallMs') }
}

async function contestant(peer: Peer, deliveries: readonly Delivery[]): Promise<Contestant> {
  const signed = deliveries.map(({ body }) => ({ headers: { ...usualHeaders(body), ...peer.sign(body) }, body }))
  const [first, second] = signed
  // The signature of another body.
  if (first !== undefined && second !== undefined)
    await assertProves(peer.name, peer.verify, first, { headers: second.headers, body: first.body })
  const next = inTurn(signed)
  const once = () => peer.verify(next())
  return { name: peer.name, run: peer.awaited ? repeatAwaited(once) : repeat(once) }
}
