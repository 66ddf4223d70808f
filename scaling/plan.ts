import { digits } from '../bench/part'
import type { Table } from '../chaos/table'
import { type Choices, type Costs, connectionsFor, type Plan, planFor } from './model'
import { type Retention, retentions } from './retention'
import type { Facts, Section } from './section'

const rates = [1, 100, 10_000]
/** One in eleven deliveries is a duplicate: a provider that repeats what it has not seen answered in time. */
const distinctShare = 0.9
const choices: Choices = { copies: 2, vacuumSeconds: 600 }
const headroom = 2
const handlerMs = 20

export const plan: Section = {
  name: 'plan',
  async run({ facts }) {
    const about = [
      `Assumed: ${distinctShare * 100} % of the deliveries bring a new event; handlers take ${handlerMs} ms; twice the connections of the average, for peaks; a VACUUM of one table may take ${choices.vacuumSeconds} s.`,
    ]
    if (!isWhole(facts))
      return {
        tables: [retentionTable(retentions())],
        remarks: ['The sizes need the sections claim and size in the same run.'],
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
  'transactionMs',
  'transactionRoundTrips',
] as const satisfies readonly (keyof Facts)[]

type Needed = Costs & Pick<Facts, 'postgresCallMs' | 'transactionMs' | 'transactionRoundTrips'>

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

function connectionTable({ postgresCallMs, transactionMs }: Needed): Table {
  const connections = (eventsPerSecond: number, transaction: boolean, handling: number) =>
    connectionsFor(
      {
        eventsPerSecond,
        callMs: transaction ? transactionMs / 2 : postgresCallMs,
        handlerMs: handling,
        transaction,
      },
      headroom,
    )
  return {
    title: `Connections to PostgreSQL for all nodes together; a claim and a completion take ${digits(2 * postgresCallMs)} ms here, in transactions ${digits(transactionMs)} ms`,
    head: ['new events', 'lease mode', `transactions, handler ${handlerMs} ms`, 'transactions, handler 200 ms'],
    rows: rates.map((rate) => [
      `${rate}/s`,
      connections(rate, false, handlerMs),
      connections(rate, true, handlerMs),
      connections(rate, true, 200),
    ]),
  }
}

/** What one server could do if nothing but its processors were in the way. */
function boundTable({ redisEventMicroseconds, postgresEventMicroseconds, redisRecordBytes }: Needed): Table {
  const redisPerSecond = 1e6 / redisEventMicroseconds
  const perCore = 1e6 / postgresEventMicroseconds
  const dayBytes = (perSecond: number) => bytes(perSecond * 86_400 * redisRecordBytes)
  return {
    title: 'The upper bound of one server, from its CPU time of a new event; plan for half of it',
    head: ['', 'new events/s', 'what that adds a day'],
    rows: [
      ['Redis, one thread', Math.round(redisPerSecond), dayBytes(redisPerSecond)],
      ['PostgreSQL, a core', Math.round(perCore), ''],
      ['PostgreSQL, 16 cores, were its disk fast enough', Math.round(16 * perCore), ''],
    ],
  }
}

const distancesMs = { 'same zone': 0.5, 'two zones': 2, 'one continent': 30, 'an ocean': 80, 'half the world': 150 }

/** One store for all regions: each round trip takes as long as the way is. */
function distanceTable({ callsPerEvent, callsPerDuplicate, transactionRoundTrips }: Needed): Table {
  return {
    title: 'One store, nodes far from it: the ms that the way adds, by the round trips that were counted',
    head: [
      '',
      'ms there and back',
      'duplicate',
      'new event, lease mode',
      'new event, transactions, besides what the handler asks',
    ],
    rows: Object.entries(distancesMs).map(([name, ms]) => [
      name,
      ms,
      Math.round(ms * callsPerDuplicate),
      Math.round(ms * callsPerEvent),
      Math.round(ms * transactionRoundTrips),
    ]),
  }
}

function retentionTable(found: readonly Retention[]): Table {
  return {
    title:
      'The shortest memory that a receiver takes (`retentionSeconds`), so that a replay is always too old or known',
    head: [
      'provider',
      'it retries for',
      'with the usual 3 days of `maxEventAgeSeconds`',
      'the least, and its `maxEventAgeSeconds`',
    ],
    rows: found.map(({ provider, retryHorizonSeconds, usualSeconds, leastSeconds, leastAgeSeconds }) => [
      provider,
      retryHorizonSeconds === 0 ? 'never' : duration(retryHorizonSeconds),
      duration(usualSeconds),
      `${duration(leastSeconds)}, ${duration(leastAgeSeconds)}`,
    ]),
  }
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${digits(seconds / 3600)} h`
}

const cores = (value: Plan['redisCores']) => (value < 0.01 ? 'under 0.01' : digits(value))

/** 1 kB is 1000 bytes. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return `${digits(value / 1000 ** step)} ${units[step]}`
}
