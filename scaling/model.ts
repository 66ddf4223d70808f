const daySeconds = 86_400

/** What comes in, and how long it is remembered. */
export interface Load {
  readonly deliveriesPerSecond: number
  /** The part of the deliveries that bring a new event, 0 to 1: a duplicate makes no record. */
  readonly distinctShare: number
  readonly retentionDays: number
}

/** What one record and one event cost, as measured. */
export interface Costs {
  /** Of a handled event on Redis, its place in the tables of keys left out. */
  readonly redisRecordBytes: number
  /** Of a handled event in a PostgreSQL table without bloat, its indexes left out. */
  readonly heapRecordBytes: number
  /** Table and indexes as a multiple of the table. */
  readonly indexFactor: number
  /** The table as it is kept, pruned and vacuumed, as a multiple of the table without bloat. */
  readonly bloatFactor: number
  readonly walEventBytes: number
  /** Calls of the store for a new event, and for a duplicate. */
  readonly callsPerEvent: number
  readonly callsPerDuplicate: number
  /** The store's own CPU time for a new event. */
  readonly redisEventMicroseconds: number
  readonly postgresEventMicroseconds: number
  /** How many rows one VACUUM gets through in a second. */
  readonly vacuumRowsPerSecond: number
}

/** What is chosen, and not measured. */
export interface Choices {
  /** Copies of the data, the primary's included. */
  readonly copies: number
  /** How long the VACUUM of one table may take. */
  readonly vacuumSeconds: number
}

export interface Plan {
  readonly records: number
  readonly redisBytes: number
  readonly postgresBytes: number
  readonly allCopiesBytes: { readonly redis: number; readonly postgres: number }
  readonly walBytesPerSecond: number
  readonly callsPerSecond: number
  /** Cores of the store that are busy with it. Redis has one, whatever the machine has. */
  readonly redisCores: number
  readonly postgresCores: number
  /** Row versions that die in a second: one when an event is completed, one when it is pruned. */
  readonly deadRowsPerSecond: number
  /** How long VACUUM takes for all of the table, and how often autovacuum begins one by default: at a fifth of dead rows. */
  readonly vacuumSeconds: number
  readonly vacuumDueSeconds: number
  /** HASH partitions of the table; 1: none are needed. */
  readonly partitions: number
}

export function planFor(load: Load, costs: Costs, { copies, vacuumSeconds }: Choices): Plan {
  const { deliveriesPerSecond, distinctShare, retentionDays } = load
  const eventsPerSecond = deliveriesPerSecond * distinctShare
  const duplicatesPerSecond = deliveriesPerSecond - eventsPerSecond
  const records = eventsPerSecond * retentionDays * daySeconds
  const redis = redisBytes(records, costs.redisRecordBytes)
  const postgres = records * costs.heapRecordBytes * costs.indexFactor * costs.bloatFactor
  return {
    records,
    redisBytes: redis,
    postgresBytes: postgres,
    allCopiesBytes: { redis: redis * copies, postgres: postgres * copies },
    walBytesPerSecond: eventsPerSecond * costs.walEventBytes,
    callsPerSecond: eventsPerSecond * costs.callsPerEvent + duplicatesPerSecond * costs.callsPerDuplicate,
    redisCores: (eventsPerSecond * costs.redisEventMicroseconds) / 1e6,
    postgresCores: (eventsPerSecond * costs.postgresEventMicroseconds) / 1e6,
    deadRowsPerSecond: 2 * eventsPerSecond,
    vacuumSeconds: records / costs.vacuumRowsPerSecond,
    vacuumDueSeconds: (autovacuumShare * records) / (2 * eventsPerSecond),
    partitions: powerOfTwoFrom(records / (costs.vacuumRowsPerSecond * vacuumSeconds)),
  }
}

const autovacuumShare = 0.2
const bucketBytes = 8

/** Redis keeps two hash tables of them all, one for the keys and one for their expiry, each of a power of two. */
export function redisBytes(records: number, recordBytes: number): number {
  return records * recordBytes + 2 * bucketBytes * bucketsOf(records)
}

/** The other way round: what is left for a record of what so many of them took. */
export function redisRecordBytes(records: number, bytes: number): number {
  return (bytes - 2 * bucketBytes * bucketsOf(records)) / records
}

const bucketsOf = (records: number) => (records > 0 ? Math.max(4, powerOfTwoFrom(records)) : 0)

/** The smallest power of two that is not below it. */
function powerOfTwoFrom(value: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, value))))
}

/** How long one event keeps connections of the pool. */
export interface Holding {
  readonly eventsPerSecond: number
  /** Of claim and completion, in transactions of their beginning and end too; each is a connection's for as long as it takes. */
  readonly roundTrips: number
  readonly roundTripMs: number
  readonly handlerMs: number
  /** In transactions a handler keeps one connection from its beginning to its commit. */
  readonly transaction: boolean
}

/** Connections that are busy at any moment (Little's law), times the headroom for peaks, and in transactions one more for renewals. */
export function connectionsFor(holding: Holding, headroom: number): number {
  const { eventsPerSecond, roundTrips, roundTripMs, handlerMs, transaction } = holding
  const heldMs = roundTrips * roundTripMs + (transaction ? handlerMs : 0)
  return Math.ceil((headroom * eventsPerSecond * heldMs) / 1000) + (transaction ? 1 : 0)
}

/** How far a prediction is off, as a share of what was measured. */
export function errorOf(predicted: number, measured: number): number {
  return Math.abs(predicted - measured) / measured
}

/** The most that a prediction may be off before the model is wrong. */
export const mostError = 0.1
