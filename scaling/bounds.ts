import type { Table } from '../chaos/table'
import type { Costs } from './model'
import type { Retention } from './retention'
import type { Facts } from './section'
import { bytes, duration } from './units'

/** What one server could do if nothing but its processors were in the way. */
export function boundTable({ redisEventMicroseconds, postgresEventMicroseconds, redisRecordBytes }: Costs): Table {
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
export function distanceTable({
  callsPerEvent,
  callsPerDuplicate,
  transactionRoundTrips,
}: Pick<Facts, 'callsPerEvent' | 'callsPerDuplicate' | 'transactionRoundTrips'>): Table {
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

export function retentionTable(found: readonly Retention[]): Table {
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
