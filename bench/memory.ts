import { createReceiver, memoryStore } from 'payproof'
import { atMost, type Bench, digits, type Part } from './part'
import { makeBody } from './payloads'
import { caspayWire, usualHeaders } from './wires'

const maxRecords = 100_000
/** One delivery a millisecond of the clock that is handed in: a bit less than the store may hold is remembered. */
const retentionSeconds = 95
const live = retentionSeconds * 1000

export const memory: Part = {
  name: 'memory',
  question: `A million deliveries through \`receive\`, with a memory store that holds ${maxRecords.toLocaleString('en').replace(',', ' ')} events`,
  method: `Every delivery is a new event of CasPay and a millisecond of a clock that is handed in; events are remembered for ${retentionSeconds} s of it, so that ${live / 1000} thousand
are remembered at any time once as many have come. The table of a hash map that is deleted from grows once more after it was first full: flat is from 200 thousand on. The heap is what is used of it after a collection of garbage, less what was used before the first delivery.`,
  async run(bench) {
    const marks = await receiveMany(bench)
    const [first] = marks
    const [full] = marks.filter(({ count }) => count >= 2 * maxRecords)
    const last = marks.at(-1)
    if (first === undefined || full === undefined || last === undefined) throw new Error('The store never was full.')
    return {
      tables: [
        {
          title: 'Heap after a collection',
          head: [
            'deliveries',
            'remembered',
            'MB',
            'bytes per remembered event',
            'CPU per delivery since the mark before ÷ that to the first mark',
          ],
          rows: marks.map(({ count, bytes, cpuMs }) => [
            count,
            Math.min(count, live),
            (bytes / 1e6).toFixed(1),
            perRecord(count, bytes).toFixed(0),
            digits(cpuMs / first.cpuMs),
          ]),
        },
      ],
      targets: [
        atMost(
          `heap after the last delivery ÷ heap after ${(2 * maxRecords) / 1000} thousand`,
          last.bytes / full.bytes,
          1.05,
        ),
        atMost(
          'bytes per remembered event, the most of all marks',
          Math.max(...marks.map((mark) => perRecord(mark.count, mark.bytes))),
          1000,
        ),
      ],
      remarks: [
        `The least and the most after the store was full: ${digits(extent(marks, Math.min))} and ${digits(extent(marks, Math.max))} MB.`,
      ],
    }
  },
}

interface Mark {
  readonly count: number
  readonly bytes: number
  /** Per delivery, since the mark before. */
  readonly cpuMs: number
}

const perRecord = (count: number, bytes: number) => bytes / Math.min(count, live)
const extent = (marks: readonly Mark[], pick: (...values: number[]) => number) =>
  pick(...marks.filter(({ count }) => count >= 2 * maxRecords).map(({ bytes }) => bytes / 1e6))

async function receiveMany({ quick, say }: Bench): Promise<Mark[]> {
  let nowMs = Date.now()
  const now = () => nowMs
  const limits = { maxEventAgeSeconds: 60, toleranceSeconds: 30, leaseSeconds: 1 }
  const receiver = createReceiver({
    provider: caspayWire.provider(),
    store: memoryStore({ maxRecords, now }),
    now,
    retentionSeconds,
    ...limits,
  })
  const total = quick ? 300_000 : 1_000_000
  const before = await heapBytes()
  const marks: Mark[] = []
  let cpu = process.cpuUsage()
  for (let count = 1; count <= total; count++) {
    nowMs++
    const body = makeBody('caspay', 'items', 0, nowMs)
    const outcome = await receiver.receive(
      { headers: { ...usualHeaders(body), ...caspayWire.sign(body) }, body },
      () => {},
    )
    if (outcome.kind !== 'processed') throw new Error(`Delivery ${count} was ${outcome.kind}.`)
    if (count % 50_000 === 0 && (count <= maxRecords || count % 100_000 === 0)) {
      const { user, system } = process.cpuUsage(cpu)
      const cpuMs = (user + system) / 1000 / (count - (marks.at(-1)?.count ?? 0))
      marks.push({ count, bytes: (await heapBytes()) - before, cpuMs })
      say(`${count} deliveries`)
      cpu = process.cpuUsage()
    }
    // A server comes back to its event loop too.
    if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return marks
}

async function heapBytes(): Promise<number> {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('Start Node with --expose-gc.')
  // What waits for a turn of the event loop to be given up needs one, and is collected after it.
  for (let i = 0; i < 3; i++) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}
