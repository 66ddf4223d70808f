import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'bullmq'
import { createReceiver, memoryStore } from '../../src'
import { processor } from '../../src/queues/bullmq'
import type { Where } from '../backends/backend'
import { type Delivery, payqiDelivery, providers } from '../deliveries'
import { startFleet, startWorker } from '../fleet'
import type { HandOffJob, QueueAt } from '../jobs'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import { type Answer, post, send } from '../sender'
import { type ScratchServer, startRedis } from '../servers'
import type { Cell } from '../table'
import { Promises, tally } from '../tally'
import { connect, openQueue } from '../workers/hand-off'
import { startOutages } from './outages'

const leaseSeconds = 2
const answersWithinMs = 2000

export const queue: Scenario = {
  name: 'queue',
  promise:
    'What is handed to a queue becomes one job and one run for each event, also when every process dies between the queue and the store. When the queue goes away deliveries are answered 503 within 2 s, and handed on when it is back.',
  method:
    'BullMQ on a Redis of its own with AOF, claims in PostgreSQL. Dying: each event has its own process, which kills itself (SIGKILL) when BullMQ has its job, before the store is told; then the event is sent again to one that lives. Outages: the Redis is ended and started again while 2 processes receive, in turn as a crash (SIGKILL) and politely, each time 2.5 s down. Jobs are counted in the queue before a worker runs; runs are counted in the handler of that worker.',
  faults: ['losesEffects', 'other'],
  async run(bench) {
    const promises = new Promises()
    const server = await startRedis()
    const killed: Cell[][] = []
    const gone: Cell[][] = []
    try {
      await withBackend(bench, 'postgres', async (where) => {
        killed.push(await dying(bench, jobOf(bench, where, server, 'dying'), promises))
        gone.push(await goingAway(bench, server, jobOf(bench, where, server, 'outages'), promises))
      })
    } finally {
      await server.stop()
    }
    const counts = ['jobs', 'runs', 'lost', 'run twice']
    const outage = ['outage: 503', 'outage: 200, 409', 'outage: other', 'slowest 503 in ms']
    const tables = [
      { title: 'Killed between queue and store', head: ['events', 'kills', ...counts], rows: killed },
      { title: 'The queue is restarted', head: ['events', 'restarts', ...outage, ...counts], rows: gone },
    ]
    return { tables, broken: promises.broken }
  },
}

function jobOf(bench: Bench, where: Where, { url }: ScratchServer, name: string): HandOffJob {
  const fault = storeFault(bench)
  const anyId = bench.fault === 'other'
  return { role: 'handoff', where, queue: { url, name }, leaseSeconds, dies: name === 'dying', anyId, fault }
}

const deliveriesOf = (name: string, events: number) =>
  Array.from({ length: events }, (_, number) => payqiDelivery(`${name}_${number}`))

async function dying(bench: Bench, job: HandOffJob, promises: Promises): Promise<Cell[]> {
  const deliveries = deliveriesOf('dying', bench.count(200, 20))
  let [kills, next] = [0, 0]
  async function lane(): Promise<void> {
    for (let delivery = deliveries[next++]; delivery !== undefined; delivery = deliveries[next++]) {
      const worker = await startWorker(job)
      const status = await post(undefined, worker.port, delivery)
      if (status === 0 && (await worker.ended) === 'SIGKILL') kills++
      else await worker.kill('SIGKILL')
      if (kills > 0 && kills % 50 === 0) bench.say(`queue: ${kills} killed`)
    }
  }
  await Promise.all([lane(), lane(), lane()])
  await sleep(leaseSeconds * 1000)
  const alive = await startFleet({ ...job, dies: false }, 1)
  const sent = await send({ deliveries, lanes: 8, copies: 2, port: () => alive.port(0) })
  await alive.end()
  promises.equal('killed: kills', kills, deliveries.length)
  promises.equal('killed: acknowledged', sent.acknowledged.size, deliveries.length)
  return [deliveries.length, kills, ...(await countJobs('killed', job.queue, deliveries, promises))]
}

async function goingAway(bench: Bench, server: ScratchServer, job: HandOffJob, promises: Promises): Promise<Cell[]> {
  const [events, restarts] = [bench.count(2000, 400), bench.count(4, 2)]
  const deliveries = deliveriesOf('outages', events)
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
    onEvent: outages.reached,
  })
  await outages.end()
  await fleet.end()
  const during = answers.filter(({ sentMs }) => outages.covered(sentMs))
  const having = (...codes: number[]) => during.filter(({ status }) => codes.includes(status)).length
  const [unavailable, fine] = [having(503), having(200, 409)]
  const other = during.length - unavailable - fine
  const slowest = Math.max(0, ...answers.filter(({ status }) => status === 503).map(({ tookMs }) => tookMs))
  promises.equal('outages: restarts', outages.done(), restarts)
  promises.equal('outages: acknowledged', sent.acknowledged.size, events)
  promises.equal('outages: answers in an outage other than 503, 200, 409', other, 0)
  promises.atLeast('outages: 503 in an outage, or there was none', unavailable, 1)
  promises.atMost('outages: slowest 503 in ms', slowest, answersWithinMs)
  const counts = await countJobs('outages', job.queue, deliveries, promises)
  return [events, restarts, unavailable, fine, other, Math.round(slowest), ...counts]
}

/** How many jobs the queue has, and how often a worker then calls its handler. */
async function countJobs(
  name: string,
  at: QueueAt,
  deliveries: readonly Delivery[],
  promises: Promises,
): Promise<readonly Cell[]> {
  const { queue, close } = openQueue(at)
  const jobs = await queue.getJobCountByTypes('waiting')
  const runs: string[] = []
  // Remembers nothing of its own: it is the queue that is counted.
  const oblivious = { ...memoryStore(), claim: async () => ({ state: 'acquired' as const, token: 'any' }) }
  const receiver = createReceiver({ provider: providers.payqi(), store: oblivious, observe: () => {} })
  const work = processor(receiver, (event) => void runs.push(event.id))
  const connection = connect(at.url)
  const worker = new Worker(at.name, work, { connection, concurrency: 8 })
  while ((await queue.getJobCountByTypes('waiting', 'active', 'delayed')) > 0) await sleep(50)
  await worker.close()
  connection.disconnect()
  await close()
  const ids = deliveries.map(({ id }) => id)
  const { lost, doubled } = tally(ids, runs)
  promises.equal(`${name}: jobs`, jobs, ids.length)
  promises.equal(`${name}: runs`, runs.length, ids.length)
  promises.equal(`${name}: lost`, lost.length, 0)
  promises.equal(`${name}: run twice`, doubled.length, 0)
  return [jobs, runs.length, lost.length, doubled.length]
}
