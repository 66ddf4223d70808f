import type { Backend, Kind, Where } from '../backends/backend'
import { payqiDelivery } from '../deliveries'
import { startWorker } from '../fleet'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import type { Cell } from '../table'
import { Promises } from '../tally'
import type { StormAnswer, StormQuestion } from '../workers/storm'

const modes: readonly (readonly [Kind, boolean])[] = [
  ['memory', false],
  ['sqlite', false],
  ['redis', false],
  ['postgres', false],
  ['postgres', true],
  ['mysql', false],
  ['mysql', true],
]

export const storm: Scenario = {
  name: 'storm',
  promise:
    'One event that arrives thousands of times at the same moment is handled once. All others are told 409 or 200.',
  method:
    '4 processes, each with as many deliveries of the same event at once (memory: 1 process). `storeTimeoutMs` is 30 s here, so that deliveries wait in the queue of a small pool and are not refused.',
  faults: ['grantsAll'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const [kind, transaction] of modes) {
      const name = `${kind}, ${transaction ? 'transaction' : 'lease'}`
      rows.push(await withBackend(bench, kind, (...at) => measure(bench, name, at, promises), { transaction }))
      bench.say(`storm: ${name} done`)
    }
    const head = ['store, mode', 'deliveries', 'effects', '200', '409', 'other answers', 'slowest ms']
    return { tables: [{ title: 'One event, thousands of times', head, rows }], broken: promises.broken }
  },
}

async function measure(
  bench: Bench,
  name: string,
  [where, backend]: readonly [Where, Backend],
  promises: Promises,
): Promise<Cell[]> {
  const job = { role: 'storm', where, fault: storeFault(bench) } as const
  const workers = await Promise.all(Array.from({ length: where.kind === 'memory' ? 1 : 4 }, () => startWorker(job)))
  try {
    const times = bench.count(1000, 250)
    const question: StormQuestion = { delivery: payqiDelivery('evt_1'), times, fromMs: Date.now() + 100 }
    const answers = await Promise.all(workers.map((worker) => worker.ask<StormAnswer>(question)))
    const statuses = answers.flatMap((answer) => answer.statuses)
    const having = (status: number) => statuses.filter((each) => each === status).length
    const inMemory = answers.reduce((sum, answer) => sum + answer.effects, 0)
    const effects = where.kind === 'memory' ? inMemory : (await backend.effects()).length
    const [fine, busy] = [having(200), having(409)]
    const other = statuses.length - fine - busy
    promises.equal(`${name}: effects`, effects, 1)
    promises.equal(`${name}: answers other than 200 and 409`, other, 0)
    promises.atLeast(`${name}: answers 200`, fine, 1)
    const slowest = Math.max(...answers.map(({ slowestMs }) => slowestMs))
    return [name, statuses.length, effects, fine, busy, other, Math.round(slowest)]
  } finally {
    await Promise.all(workers.map((worker) => worker.kill('SIGKILL')))
  }
}
