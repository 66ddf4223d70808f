import { type Contestant, interleave, repeat, repeatAwaited } from './measure'
import { compare, createOurs, ours, refusing, refusingAwaited } from './ours'
import { atMost, type Bench, type Check, digits, type Part, spread, type Target } from './part'
import { type Size, sizes } from './payloads'
import { type Peer, peers } from './peers'
import { type Refusal, refusals } from './refusals'
import { type Delivery, deliver, inTurn, usualHeaders } from './wires'

export const refuse: Part = {
  name: 'refuse',
  question: 'What it costs to turn a delivery away, beside taking a genuine one of the same size',
  method: `CPU time, as a multiple of what payproof takes to accept a genuine delivery of the same provider and size (\`verify\` for \`verify\`,
\`receive\` of new events for \`receive\`); other libraries as a multiple of what they take to accept one themselves, and of payproof's refusal.
CasPay dates the body, not the header: what is old there can be known only once the body is proven and parsed.`,
  async run(bench) {
    const measured = []
    for (const size of bench.guard ? (['0.6 KB'] as const) : (['0.6 KB', '64 KB'] as const)) {
      for (const refusal of bench.guard ? refusals.slice(0, 1) : refusals) {
        bench.say(`${refusal.name}, ${size}`)
        measured.push(await measure(refusal, size, bench))
      }
    }
    return {
      tables: [
        {
          title: 'Refusing ÷ accepting, payproof',
          head: ['', 'size', 'verify', 'receive'],
          rows: measured.map(({ row }) => row),
        },
        {
          title: 'Other libraries',
          head: ['', 'size', 'library', '÷ its accepting', '÷ payproof’s refusing'],
          rows: measured.flatMap(({ others }) => others),
        },
      ],
      targets: measured.flatMap(({ targets }) => targets),
      checks: measured.flatMap(({ checks }) => checks),
    }
  },
}

const acceptedName = (peer: Peer) => `${peer.name} accepting`

async function measure(refusal: Refusal, size: Size, { pace, guard }: Bench) {
  const { name, wire } = refusal
  // As many new events as one slice can take.
  const genuine = Array.from({ length: size === '0.6 KB' ? 2048 : 64 }, () => deliver(wire, 'items', sizes[size]))
  const refused = Array.from({ length: 32 }, () => refusal.make(sizes[size]))
  const receiver = createOurs(wire)
  let fresh = createOurs(wire)
  const [next, nextNew, nextRefused] = [inTurn(genuine), inTurn(genuine), inTurn(refused)]
  const receive = async (delivery: Delivery) => {
    const outcome = await fresh.receive(delivery, () => {})
    if (outcome.kind === 'processed') return outcome
    throw 'error' in outcome ? outcome.error : new Error(outcome.kind)
  }
  const rivals = guard ? [] : peers.filter((peer) => refusal.ofPeer?.(peer, Buffer.alloc(0)) !== undefined)
  const contestants: Contestant[] = [
    { name: 'accepting', run: repeatAwaited(() => receiver.verify(next())) },
    {
      name: 'refusing',
      run: repeatAwaited(ours(refusingAwaited((delivery) => receiver.verify(delivery), nextRefused))),
    },
    {
      name: 'receiving',
      most: genuine.length,
      prepare: () => {
        fresh = createOurs(wire)
      },
      run: repeatAwaited(() => receive(nextNew())),
    },
    { name: 'not receiving', run: repeatAwaited(refusingAwaited(receive, nextRefused)) },
    ...rivals.flatMap((peer) => opposing(peer, refusal, genuine)),
  ]
  const timings = await interleave(contestants, pace)
  const ratio = compare(timings, 'refusing', 'accepting')
  const received = compare(timings, 'not receiving', 'receiving')
  return {
    row: [name, size, spread(ratio), spread(received)],
    others: rivals.map((peer) => [
      name,
      size,
      peer.name,
      spread(compare(timings, peer.name, acceptedName(peer))),
      digits(compare(timings, peer.name, 'refusing').median),
    ]),
    targets: [
      atMost(`refusing ${name} ÷ accepting, ${size}, verify`, ratio.median, 0.5),
      atMost(`refusing ${name} ÷ accepting, ${size}, receive`, received.median, 0.5),
    ] satisfies Target[],
    checks: [{ name: `refuse ${name} ${size} ÷ accepting`, ratio }] satisfies Check[],
  }
}

/** The same in another library, refused and accepted. */
function opposing(peer: Peer, refusal: Refusal, genuine: readonly Delivery[]): Contestant[] {
  const withHeaders = (headers: (body: Buffer) => Record<string, string> | undefined) =>
    inTurn(genuine.map(({ body }) => ({ headers: { ...usualHeaders(body), ...headers(body) }, body })))
  const [next, nextRefused] = [
    withHeaders((body) => peer.sign(body)),
    withHeaders((body) => refusal.ofPeer?.(peer, body)),
  ]
  const accept = () => peer.verify(next())
  return [
    { name: acceptedName(peer), run: peer.awaited ? repeatAwaited(accept) : repeat(accept) },
    {
      name: peer.name,
      run: peer.awaited
        ? repeatAwaited(refusingAwaited(peer.verify, nextRefused))
        : repeat(refusing(peer.verify, nextRefused)),
    },
  ]
}
