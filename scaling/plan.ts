import { digits } from '../bench/part'
import type { Table } from '../chaos/table'
import { boundTable, distanceTable, retentionTable } from './bounds'
import { type Choices, type Costs, connectionsFor, planFor } from './model'
import { retentions } from './retention'
import type { Facts, Section } from './section'
import { bytes, cores, duration } from './units'

const rates = [1, 100, 10_000]
/** One in ten deliveries is a duplicate: a provider that repeats what it has not seen answered in time. */
const distinctShare = 0.9
const choices: Choices = { copies: 2, vacuumSeconds: 600 }
const headroom = 2
const handlerMs = 20
const roundTripMs = 1

export const plan: Section = {
  name: 'plan',
  async run({ facts }) {
    const about = [
      `Assumed: ${distinctShare * 100} % of the deliveries bring a new event; handlers take ${handlerMs} ms; twice the connections of the average, for peaks; a VACUUM of one table may take ${choices.vacuumSeconds} s.`,
    ]
    if (!isWhole(facts))
      return {
        tables: [retentionTable(retentions())],
        remarks: ['The sizes need what claim and size measure.'],
      }
    return {
      tables: [
        sizeTable(facts),
        workTable(facts),
        connectionTable(facts),
        boundTable(facts),
        distanceTable(facts),
        retentionTable(retentions()),
      ],
      remarks: about,
    }
  },
}

const needed = [
  'redisRecordBytes',
  'heapRecordBytes',
  'indexFactor',
  'bloatFactor',
  'walEventBytes',
  'callsPerEvent',
  'callsPerDuplicate',
  'redisEventMicroseconds',
  'postgresEventMicroseconds',
  'vacuumRowsPerSecond',
  'postgresCallMs',
  'transactionRoundTrips',
] as const satisfies readonly (keyof Facts)[]

type Needed = Costs & Pick<Facts, 'postgresCallMs' | 'transactionRoundTrips'>

function isWhole(facts: Partial<Facts>): facts is Partial<Facts> & Needed {
  return needed.every((name) => Number.isFinite(facts[name]))
}

function sizeTable(costs: Costs): Table {
  const rows = rates.flatMap((deliveriesPerSecond) =>
    [7, 30].map((retentionDays) => {
      const made = planFor({ deliveriesPerSecond, distinctShare, retentionDays }, costs, choices)
      return [
        `${deliveriesPerSecond}/s, ${retentionDays} days`,
        Math.round(made.records),
        bytes(made.redisBytes),
        bytes(made.postgresBytes),
        bytes(made.postgresBytes * 1.2),
        `${duration(made.vacuumSeconds)}, due every ${duration(made.vacuumDueSeconds)}`,
        made.partitions === 1 ? 'none' : String(made.partitions),
      ]
    }),
  )
  return {
    title: 'What is kept: on one server, a replica needs the same again',
    head: [
      'deliveries',
      'records',
      'Redis memory',
      'PostgreSQL',
      'with 20 % to spare',
      'VACUUM of all of it',
      'HASH partitions',
    ],
    rows,
  }
}

function workTable(costs: Costs): Table {
  const rows = rates.map((deliveriesPerSecond) => {
    const made = planFor({ deliveriesPerSecond, distinctShare, retentionDays: 7 }, costs, choices)
    return [
      `${deliveriesPerSecond}/s`,
      digits(made.callsPerSecond),
      cores(made.redisCores),
      cores(made.postgresCores),
      `${bytes(made.walBytesPerSecond)}/s`,
      bytes(made.walBytesPerSecond * 86_400),
      digits(made.deadRowsPerSecond),
    ]
  })
  return {
    title: 'What the store has to do',
    head: [
      'deliveries',
      'calls/s',
      'Redis: cores',
      'PostgreSQL: cores',
      'WAL',
      'WAL a day',
      'row versions that die a second',
    ],
    rows,
  }
}

function connectionTable({ callsPerEvent, transactionRoundTrips, postgresCallMs }: Needed): Table {
  const connections = (eventsPerSecond: number, transaction: boolean, handlingMs: number) => {
    const roundTrips = transaction ? transactionRoundTrips : callsPerEvent
    return connectionsFor({ eventsPerSecond, roundTrips, roundTripMs, handlerMs: handlingMs, transaction }, headroom)
  }
  return {
    title: `Connections to PostgreSQL for all nodes together, if a round trip takes ${roundTripMs} ms (here, with so much else going on, ${digits(postgresCallMs)} ms)`,
    head: ['new events', 'lease mode', `transactions, handler ${handlerMs} ms`, 'transactions, handler 200 ms'],
    rows: rates.map((rate) => [
      `${rate}/s`,
      connections(rate, false, handlerMs),
      connections(rate, true, handlerMs),
      connections(rate, true, 200),
    ]),
  }
}
