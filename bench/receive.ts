import { createReceiver, memoryStore } from 'payproof'
import { type Contestant, interleave, repeat, repeatAwaited } from './measure'
import { compare, createOurs, ours } from './ours'
import { atMost, digits, type Part, spread } from './part'
import { sizes } from './payloads'
import { deliver, inTurn, payqiWire } from './wires'

export const receive: Part = {
  name: 'receive',
  question: '`receiver.receive` with the memory store: proof, claim, handler, completion, answer',
  method: `CPU time at 0.6 KB, \`verify\` and the hand-written floor on the same deliveries. Every event of a slice is new to its store; finished
duplicates are of a store that has handled them all. The handler does nothing. The floor remembers nothing.`,
  async run({ pace, quick }) {
    const pool = Array.from({ length: quick ? 2048 : 8192 }, () => deliver(payqiWire, 'items', sizes['0.6 KB']))
    const provider = payqiWire.provider()
    const make = () => createReceiver({ provider, store: memoryStore() })
    const receiver = createOurs(payqiWire)
    let fresh = make()
    const handled = make()
    for (const delivery of pool) await handled.receive(delivery, () => {})
    const [next, nextOfFloor, nextNew, nextAgain] = [inTurn(pool), inTurn(pool), inTurn(pool), inTurn(pool)]
    const expecting = (kind: string, outcome: { kind: string }) => {
      if (outcome.kind !== kind) throw new Error(`A delivery was ${outcome.kind} that should be ${kind}.`)
      return outcome
    }
    const contestants: Contestant[] = [
      { name: 'verify', run: repeatAwaited(() => receiver.verify(next())) },
      { name: 'floor', run: repeat(() => payqiWire.floor(nextOfFloor())) },
      {
        name: 'new events',
        most: pool.length,
        prepare: () => {
          fresh = make()
        },
        run: repeatAwaited(
          ours(
            async () => expecting('processed', await fresh.receive(nextNew(), () => {})),
            // A second time it would be a duplicate.
            () => receiver.verify(next()),
          ),
        ),
      },
      {
        name: 'finished duplicates',
        run: repeatAwaited(ours(async () => expecting('duplicate', await handled.receive(nextAgain(), () => {})))),
      },
    ]
    const timings = await interleave(contestants, pace)
    const row = (name: string) => {
      const [toVerify, toFloor] = [compare(timings, name, 'verify'), compare(timings, name, 'floor')]
      return [name, spread(toVerify), spread(toFloor), digits(compare(timings, name, 'floor', 'wallMs').median)]
    }
    const [toVerify, toFloor] = [compare(timings, 'new events', 'verify'), compare(timings, 'new events', 'floor')]
    return {
      tables: [
        {
          title: 'receive with memoryStore()',
          head: ['', '÷ verify', '÷ floor', '÷ floor, wall'],
          rows: ['verify', 'new events', 'finished duplicates'].map(row),
        },
      ],
      targets: [
        atMost('receive of new events ÷ verify', toVerify.median, 1.5),
        atMost('receive of new events ÷ floor', toFloor.median, 1.2),
      ],
      checks: [
        { name: 'receive new ÷ floor', ratio: toFloor },
        { name: 'receive duplicate ÷ floor', ratio: compare(timings, 'finished duplicates', 'floor') },
      ],
    }
  },
}
