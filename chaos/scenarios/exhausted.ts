import { setTimeout as sleep } from 'node:timers/promises'
import { createReceiver, type IdempotencyStore } from '../../src'
import { dated, payqiDelivery, providers } from '../deliveries'
import { type Bench, type Scenario, withBackend } from '../scenario'
import type { Cell } from '../table'
import { Promises } from '../tally'
import { type Blocked, heldMysql, heldPostgres, silentClients } from './unanswering'

const storeTimeoutMs = 1500
const answersWithinMs = 1700
const handledWithinMs = 5000
const atOnce = 16

export const exhausted: Scenario = {
  name: 'exhausted',
  promise:
    'When every connection of a pool is held, or the server accepts connections and says nothing, deliveries are answered 503 within 1.7 s (storeTimeoutMs 1500) and no handler runs. When the connections are free again every delivery is handled, at most 5 s later.',
  method: '16 deliveries at once, handlers counted by themselves. Clients have the settings that they come with.',
  faults: ['other'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const transaction of [false, true]) {
      const mode = transaction ? ', transaction' : ''
      const pooled = { transaction }
      const held = [
        () =>
          withBackend(
            bench,
            'postgres',
            (where) => heldPostgres(where, (blocked) => measure(bench, `pg pool, all held${mode}`, blocked, promises)),
            pooled,
          ),
        () =>
          withBackend(
            bench,
            'mysql',
            (where) => heldMysql(where, (blocked) => measure(bench, `mysql2 pool, all held${mode}`, blocked, promises)),
            pooled,
          ),
      ]
      for (const measured of held) rows.push(await measured())
    }
    for (const [name, open] of silentClients)
      rows.push(await open((blocked) => measure(bench, `${name}, silent server`, blocked, promises)))
    const head = ['store', 'deliveries', 'answered 503', 'slowest ms', 'handler runs', 'afterwards']
    return { tables: [{ title: 'A store that does not answer', head, rows }], broken: promises.broken }
  },
}

async function measure(bench: Bench, name: string, { store, free }: Blocked, promises: Promises): Promise<Cell[]> {
  let runs = 0
  const receiver = createReceiver({
    provider: providers.payqi(),
    store: store as IdempotencyStore,
    storeTimeoutMs: bench.fault === undefined ? storeTimeoutMs : 2 * storeTimeoutMs,
    observe: () => {},
  })
  const deliver = async (id: string) => {
    const delivery = payqiDelivery(id)
    const startedMs = performance.now()
    const request = { method: 'POST', headers: dated(delivery), body: delivery.body }
    const { reply } = await receiver.receive(request, () => {
      runs++
    })
    return { status: reply.status, tookMs: performance.now() - startedMs }
  }
  /** What was asked for too late is given back as it arrives; until then the event is in progress, and its sender comes again. */
  const untilTold = async (id: string) => {
    const giveUpMs = performance.now() + handledWithinMs
    for (;;) {
      const { status } = await deliver(id)
      if (status !== 409 || performance.now() > giveUpMs) return status
      await sleep(100)
    }
  }
  const answers = await Promise.all(Array.from({ length: atOnce }, (_, number) => deliver(`evt_${number}`)))
  const refused = answers.filter(({ status }) => status === 503).length
  const slowest = Math.max(...answers.map(({ tookMs }) => tookMs))
  const ranBlocked = runs
  promises.equal(`${name}: 503`, refused, atOnce)
  promises.atMost(`${name}: slowest in ms`, slowest, answersWithinMs)
  let afterwards = 'not tried'
  if (free !== undefined) {
    await free()
    const again = await Promise.all(Array.from({ length: atOnce }, (_, number) => untilTold(`evt_${number}`)))
    const handled = again.filter((status) => status === 200).length
    afterwards = `${handled} of ${atOnce} handled`
    promises.equal(`${name}: handled afterwards`, handled, atOnce)
    promises.equal(`${name}: handler runs afterwards`, runs - ranBlocked, atOnce)
  }
  promises.equal(`${name}: handler runs`, ranBlocked, 0)
  bench.say(`exhausted: ${name}, slowest ${Math.round(slowest)} ms`)
  return [name, atOnce, refused, Math.round(slowest), ranBlocked, afterwards]
}
