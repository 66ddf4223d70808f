import type { Backend, Kind, Where } from '../backends/backend'
import { type Delivery, payqiDelivery, storeKey } from '../deliveries'
import { startFleet } from '../fleet'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import { type Answer, type SenderSettings, send } from '../sender'
import { type ScratchServer, startMariadb, startPostgres, startRedis } from '../servers'
import type { Cell } from '../table'
import { Promises, tally } from '../tally'
import { startOutages } from './outages'
import { type Run, readRuns, withRunsFile } from './runs'

const servers: readonly (readonly [Kind, string, () => Promise<ScratchServer>])[] = [
  ['redis', 'Redis with AOF', startRedis],
  ['postgres', 'PostgreSQL', startPostgres],
  ['mysql', 'MariaDB', startMariadb],
]
const answersWithinMs = 2000
const pace = { beforeMs: 2, afterMs: 2, random: true }

export const restart: Scenario = {
  name: 'restart',
  promise:
    'When the store goes away, deliveries are answered 503 within 2 s and no handler begins without a claim. When it comes back nothing that was acknowledged is forgotten.',
  method:
    'A server of its own, ended and started again while 2 workers receive: in turn as a crash (SIGKILL; PostgreSQL: SIGQUIT) and politely, each time 2.5 s down. Each event is sent twice at once and again until 200. A handler writes one line to a file. A run has no claim if its claim number is above what the server has counted, or was used before. Outage: answers to what was sent while the server was down. Forgotten: runs when every event is sent once more in the end.',
  faults: ['grantsWhenDown'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const [kind, name, start] of servers) {
      const server = await start()
      try {
        const { url } = server
        rows.push(await withBackend(bench, kind, (...at) => measure(bench, name, server, at, promises), { url }))
      } finally {
        await server.stop()
      }
    }
    const outage = ['outage: 503', 'outage: 200, 409', 'outage: other', 'slowest ms']
    const head = [
      'store',
      'events',
      'restarts',
      ...outage,
      'runs',
      'runs without a claim',
      'lost',
      'doubled',
      'forgotten',
    ]
    return { tables: [{ title: 'The store is restarted', head, rows }], broken: promises.broken }
  },
}

async function measure(
  bench: Bench,
  name: string,
  server: ScratchServer,
  [where, backend]: readonly [Where, Backend],
  promises: Promises,
): Promise<Cell[]> {
  const [events, restarts] = [bench.count(2000, 400), bench.count(5, 2)]
  const deliveries = Array.from({ length: events }, (_, number) => payqiDelivery(`evt_${number}`))
  const { sent, during, slowest, runs, again, done } = await receiveAllTheWhile(
    { bench, name, server, where, restarts },
    deliveries,
  )
  const ids = deliveries.map(({ id }) => id)
  const granted = await backend.kept(ids.map((id) => storeKey('payqi', id)))
  const unclaimed = withoutClaim(runs, new Map(ids.map((id, n) => [id, granted[n]?.granted ?? 0])))
  const { lost, doubled } = tally(
    ids,
    runs.map(({ id }) => id),
  )
  promises.equal(`${name}: restarts`, done, restarts)
  promises.equal(`${name}: acknowledged`, sent.acknowledged.size, events)
  promises.equal(`${name}: lost`, lost.length, 0)
  promises.equal(`${name}: forgotten`, again, 0)
  promises.equal(`${name}: runs without a claim`, unclaimed, 0)
  promises.equal(`${name}: answers in an outage other than 503, 200, 409`, during.other, 0)
  promises.atLeast(`${name}: 503 in an outage, or there was none`, during.unavailable, 1)
  promises.atMost(`${name}: slowest 503 in ms`, slowest, answersWithinMs)
  const counts = [during.unavailable, during.fine, during.other, Math.round(slowest)]
  return [name, events, done, ...counts, runs.length, unclaimed, lost.length, doubled.length, again]
}

interface Setting {
  readonly bench: Bench
  readonly name: string
  readonly server: ScratchServer
  readonly where: Where
  readonly restarts: number
}

/** Two workers get every event while the server comes and goes, and every event once more when it stays. */
async function receiveAllTheWhile({ bench, name, server, where, restarts }: Setting, deliveries: readonly Delivery[]) {
  return withRunsFile(async (runsFile) => {
    const shop = { leaseSeconds: 5, pace, runsFile, noEffect: true, fault: storeFault(bench) }
    const fleet = await startFleet({ role: 'serve', provider: 'payqi', where, ...shop }, 2)
    const outages = startOutages(server, restarts, Math.floor(deliveries.length / (restarts + 1)))
    const answers: Answer[] = []
    const port: SenderSettings['port'] = (_, copy, attempt) => fleet.port((copy + attempt) % 2)
    const common = { deliveries, lanes: 8, port, pauseMs: () => 50 }
    try {
      const sent = await send({
        ...common,
        copies: 2,
        gate: outages.gate,
        onAnswer: (answer) => answers.push(answer),
        onEvent(count) {
          outages.reached(count)
          if (count % 500 === 0) bench.say(`restart: ${name}, ${count} events, ${outages.done()} restarts`)
        },
      })
      await outages.end()
      const runs = readRuns(runsFile)
      await send({ ...common, copies: 1 })
      const again = readRuns(runsFile).length - runs.length
      const during = count(answers.filter((answer) => outages.covered(answer.sentMs)))
      const slowest = Math.max(0, ...answers.filter(({ status }) => status === 503).map(({ tookMs }) => tookMs))
      return { sent, during, slowest, runs, again, done: outages.done() }
    } finally {
      await outages.end()
      await fleet.end()
    }
  })
}

/** Every claim is for one run at the most, and the server has counted it. */
function withoutClaim(runs: readonly Run[], granted: ReadonlyMap<string, number>): number {
  const used = new Set<string>()
  return runs.filter(({ id, attempt }) => {
    const known = `${id} ${attempt}`
    const again = used.has(known)
    used.add(known)
    return again || attempt > (granted.get(id) ?? 0)
  }).length
}

function count(answers: readonly Answer[]) {
  const having = (...statuses: number[]) => answers.filter(({ status }) => statuses.includes(status)).length
  const [unavailable, fine] = [having(503), having(200, 409)]
  return { unavailable, fine, other: answers.length - unavailable - fine }
}
