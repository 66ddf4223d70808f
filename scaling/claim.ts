import { digits } from '../bench/part'
import { quantile } from '../bench/statistics'
import type { ScratchServer } from '../chaos/servers'
import { type Candidate, candidates, type Opened, servers } from './candidates'
import { inLanes, keyLength, keyOf, meetAgain } from './lanes'
import { cpuMsOf } from './processes'
import type { Bench, Facts, Result, Section } from './section'
import { walOf } from './wal'
import { measureWire, type Wire } from './wire'

export const claim: Section = {
  name: 'claim',
  async run(bench) {
    const costs: Cost[] = []
    const remarks: string[] = []
    const started = new Map<string, ScratchServer>()
    try {
      for (const candidate of candidates) {
        const { kind, name } = candidate
        bench.say(name)
        if (kind === 'here') costs.push(await measure(candidate, bench, ''))
        else if (servers[kind].has()) {
          const server = started.get(kind) ?? (await servers[kind].start())
          started.set(kind, server)
          costs.push(await measure(candidate, bench, server.url, server.pid))
        } else remarks.push(`Not run, this machine has no server for it: ${name}.`)
      }
    } finally {
      await Promise.all(Array.from(started.values(), (server) => server.stop()))
    }
    return { tables: tablesOf(costs), remarks, facts: factsOf(costs) }
  },
}

interface Cost {
  readonly name: string
  /** Of one event and of one duplicate, over the wire; nothing where there is none. */
  readonly wire: { readonly event: Wire; readonly duplicate: Wire } | undefined
  readonly eventMs: number
  readonly duplicateMs: number
  readonly eventsPerSecond: number
  readonly clientMicroseconds: number
  readonly serverMicroseconds: number | undefined
  readonly walBytes: number | undefined
}

async function measure(candidate: Candidate, bench: Bench, url: string, pid?: number): Promise<Cost> {
  const { name } = candidate
  const wire = url === '' ? undefined : await measureWire(candidate, url)
  const opened = await candidate.open(url)
  try {
    const few = bench.count(300, 50)
    await inLanes(few, 16, (at) => opened.handle(keyOf(at, `${name} warm`)))
    const alone = await inLanes(few, 1, (at) => opened.handle(keyOf(at, `${name} alone`)))
    const again = await inLanes(few, 1, (at) => meetAgain(opened.store, keyOf(at, `${name} alone`)))
    return {
      name,
      wire,
      eventMs: quantile(alone.latenciesMs, 0.5),
      duplicateMs: quantile(again.latenciesMs, 0.5),
      ...(await measureMany(candidate, opened, bench.count(4000, 600) / (name.startsWith('SQLite') ? 4 : 1), url, pid)),
    }
  } finally {
    await opened.close()
  }
}

/** With 64 events under way: what all of it costs the client and the server. */
async function measureMany({ name, kind }: Candidate, opened: Opened, count: number, url: string, pid?: number) {
  const wal = () => (kind === 'postgres' ? walOf(url) : undefined)
  const [walBefore, serverBefore, before] = [await wal(), cpuMsOf(pid ?? -1), process.cpuUsage()]
  const { wallMs } = await inLanes(count, 64, (at) => opened.handle(keyOf(at, `${name} many`)))
  const { user, system } = process.cpuUsage(before)
  const serverAfter = cpuMsOf(pid ?? -1)
  const walAfter = await wal()
  return {
    eventsPerSecond: (count * 1000) / wallMs,
    clientMicroseconds: (user + system) / count,
    serverMicroseconds:
      serverBefore === undefined || serverAfter === undefined
        ? undefined
        : ((serverAfter - serverBefore) * 1000) / count,
    walBytes: walBefore === undefined || walAfter === undefined ? undefined : (walAfter - walBefore) / count,
  }
}

function tablesOf(costs: readonly Cost[]): Result['tables'] {
  const wire = costs.flatMap(({ name, wire }) => (wire === undefined ? [] : [{ name, ...wire }]))
  const bytes = ({ sentBytes, receivedBytes }: Wire) => `${sentBytes} + ${receivedBytes}`
  return [
    {
      title: `Over the wire, counted between client and server; keys of ${keyLength} characters, bytes there + back`,
      head: ['store', 'round trips, new event', 'bytes', 'round trips, duplicate', 'bytes'],
      rows: wire.map(({ name, event, duplicate }) => [
        name,
        String(event.roundTrips),
        bytes(event),
        String(duplicate.roundTrips),
        bytes(duplicate),
      ]),
    },
    {
      title: 'Time and CPU: a new event is claimed and completed; CPU and events a second with 64 under way',
      head: ['store', 'ms, new', 'ms, duplicate', 'events/s here', 'CPU µs, node', 'CPU µs, store', 'WAL bytes'],
      rows: costs.map((cost) => [
        cost.name,
        digits(cost.eventMs),
        digits(cost.duplicateMs),
        String(Math.round(cost.eventsPerSecond)),
        digits(cost.clientMicroseconds),
        cost.serverMicroseconds === undefined ? '' : String(Math.round(cost.serverMicroseconds)),
        cost.walBytes === undefined ? '' : String(Math.round(cost.walBytes)),
      ]),
    },
  ]
}

function factsOf(costs: readonly Cost[]): Partial<Facts> {
  const of = (name: string) => costs.find((cost) => cost.name.startsWith(name))
  const [redis, postgres, transactions] = [of('Redis'), of('PostgreSQL (pg)'), of('PostgreSQL (pg, transaction')]
  return {
    callsPerEvent: postgres?.wire?.event.roundTrips,
    callsPerDuplicate: postgres?.wire?.duplicate.roundTrips,
    redisEventMicroseconds: redis?.serverMicroseconds,
    postgresEventMicroseconds: postgres?.serverMicroseconds,
    postgresCallMs: postgres === undefined ? undefined : postgres.eventMs / 2,
    transactionRoundTrips: transactions?.wire?.event.roundTrips,
    walEventBytes: postgres?.walBytes,
  }
}
