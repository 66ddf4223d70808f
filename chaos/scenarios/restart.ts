import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend, Kind, Where } from '../backends/backend'
import { payqiDelivery, storeKey } from '../deliveries'
import { startFleet } from '../fleet'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import { type Answer, send } from '../sender'
import { type ScratchServer, startMariadb, startPostgres, startRedis } from '../servers'
import type { Cell } from '../table'
import { Promises, tally } from '../tally'
import { type Run, readRuns, withRunsFile } from './runs'

const servers: readonly (readonly [Kind, string, () => Promise<ScratchServer>])[] = [
  ['redis', 'Redis with AOF', startRedis],
  ['postgres', 'PostgreSQL', startPostgres],
  ['mysql', 'MariaDB', startMariadb],
]
const downMs = 2500
const answersWithinMs = 2000

export const restart: Scenario = {
  name: 'restart',
  promise:
    'When the store goes away, deliveries are answered 503 within 2 s and no handler begins without a claim. When it comes back nothing that was acknowledged is forgotten.',
  method:
    'A server of its own, ended and started again while 2 workers receive: in turn as a crash (SIGKILL; PostgreSQL: SIGQUIT) and politely, each time 2.5 s down. Each event is sent twice at once and again until 200. A handler writes one line to a file. A run has no claim if its claim number is above what the server has counted, or was used before. Outage: answers to what was sent while the server was down.',
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
    const head = ['store', 'events', 'restarts', ...outage, 'runs', 'runs without a claim', 'lost', 'doubled']
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
  return withRunsFile(async (runsFile) => {
    const pace = { beforeMs: 2, afterMs: 2, random: true }
    const fault = storeFault(bench)
    const job = {
      role: 'serve',
      provider: 'payqi',
      where,
      leaseSeconds: 5,
      pace,
      runsFile,
      noEffect: true,
      fault,
    } as const
    const fleet = await startFleet(job, 2)
    const outages = startOutages(server, restarts, Math.floor(events / (restarts + 1)))
    const answers: Answer[] = []
    const sent = await send({
      deliveries,
      lanes: 8,
      copies: 2,
      port: (_, copy, attempt) => fleet.port((copy + attempt) % 2),
      pauseMs: () => 50,
      gate: outages.gate,
      onAnswer: (answer) => answers.push(answer),
      onEvent(count) {
        outages.reached(count)
        if (count % 500 === 0) bench.say(`restart: ${name}, ${count} events, ${outages.done()} restarts`)
      },
    }).finally(() => outages.end().finally(() => fleet.end()))
    const runs = readRuns(runsFile)
    const ids = deliveries.map(({ id }) => id)
    const granted = await backend.kept(ids.map((id) => storeKey('payqi', id)))
    const unclaimed = withoutClaim(runs, new Map(ids.map((id, n) => [id, granted[n]?.granted ?? 0])))
    const { lost, doubled } = tally(
      ids,
      runs.map(({ id }) => id),
    )
    const during = count(answers.filter((answer) => outages.covered(answer.sentMs)))
    const slowest = Math.max(0, ...answers.filter(({ status }) => status === 503).map(({ tookMs }) => tookMs))
    promises.equal(`${name}: restarts`, outages.done(), restarts)
    promises.equal(`${name}: acknowledged`, sent.acknowledged.size, events)
    promises.equal(`${name}: lost`, lost.length, 0)
    promises.equal(`${name}: runs without a claim`, unclaimed, 0)
    promises.equal(`${name}: answers in an outage other than 503, 200, 409`, during.other, 0)
    promises.atLeast(`${name}: 503 in an outage, or there was none`, during.unavailable, 1)
    promises.atMost(`${name}: slowest 503 in ms`, slowest, answersWithinMs)
    const counts = [during.unavailable, during.fine, during.other, Math.round(slowest)]
    return [name, events, outages.done(), ...counts, runs.length, unclaimed, lost.length, doubled.length]
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

/** Restarts the server each time so many more events are through, and remembers when it was down. */
function startOutages(server: ScratchServer, restarts: number, every: number) {
  const spans: (readonly [from: number, to: number])[] = []
  let [reached, over] = [0, false]
  const ended = (async () => {
    while (spans.length < restarts && !over) {
      while (reached < (spans.length + 1) * every && !over) await sleep(2)
      const fromMs = performance.now()
      await server.restart({ crash: spans.length % 2 === 0, downMs })
      spans.push([fromMs, performance.now()])
    }
  })()
  return {
    done: () => spans.length,
    reached(count: number) {
      reached = count
    },
    async gate(number: number) {
      while (spans.length < restarts && number >= (spans.length + 2) * every) await sleep(2)
    },
    covered: (ms: number) => spans.some(([from, to]) => ms >= from && ms <= to),
    end() {
      over = true
      return ended
    },
  }
}
