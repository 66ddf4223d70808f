import { setTimeout as sleep } from 'node:timers/promises'
import { createReceiver } from '../../src'
import type { Backend, Kind, Where } from '../backends/backend'
import { caspayDelivery, payqiDelivery, providers, storeKey } from '../deliveries'
import type { ServeJob } from '../jobs'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import type { Cell } from '../table'
import { Promises, tally } from '../tally'
import { killWhileSending } from './killing'

const leaseSeconds = 1
const pace = { beforeMs: 4, afterMs: 4, random: true }
const modes: readonly (readonly [Kind, boolean])[] = [
  ['postgres', true],
  ['mysql', true],
  ['sqlite', true],
  ['redis', false],
  ['postgres', false],
]

export const kill: Scenario = {
  name: 'kill',
  promise:
    'No event is lost when a worker dies. In transaction mode none has its effect twice; elsewhere at most one for each kill.',
  method:
    '4 workers, each event sent twice at once over HTTP and again until 200, kill -9 of a random worker again and again. An effect is a row that the handler writes, up to 4 ms before it ends. In transaction mode 32 events are under way at once. Elsewhere 2 are, one for each pair of workers: so a kill can hit one handler that has written its row and is not completed yet; with more handlers in a worker it could hit each of them. CasPay delivers once: what was not handled is replayed from the dead letters.',
  faults: ['grantsAll', 'losesEffects'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const [kind, transaction] of modes) {
      const name = `${kind}, ${transaction ? 'transaction' : 'lease'}`
      rows.push(await withBackend(bench, kind, (...at) => measure(bench, name, at, promises), { transaction }))
    }
    const letters = await withBackend(bench, 'postgres', (...at) => deliverOnce(bench, at, promises), {
      transaction: true,
    })
    const head = ['store, mode', 'events', 'kills', 'answers 200', 'other answers', 'no answer', 'lost', 'doubled']
    const title = 'kill -9 of workers'
    return { tables: [{ title, head, rows }, letters], broken: promises.broken }
  },
}

type At = readonly [Where, Backend]

async function measure(bench: Bench, name: string, [where, backend]: At, promises: Promises): Promise<Cell[]> {
  const [events, kills] = [bench.count(6000, 400), bench.count(24, 4)]
  const deliveries = Array.from({ length: events }, (_, number) => payqiDelivery(`evt_${number}`))
  const job: ServeJob = { role: 'serve', where, provider: 'payqi', leaseSeconds, pace, fault: storeFault(bench) }
  const spread = where.transaction ? 'many' : 'pairs'
  const say = (text: string) => bench.say(`kill: ${name}, ${text}`)
  const sent = await killWhileSending({ job, deliveries, kills, spread, say })
  const { lost, doubled, extra, strange } = tally(ids(deliveries), await backend.effects())
  promises.equal(`${name}: kills`, sent.kills, kills)
  promises.equal(`${name}: events acknowledged`, sent.acknowledged.size, events)
  promises.equal(`${name}: lost`, lost.length, 0)
  promises.equal(`${name}: effects of nothing that was sent`, strange, 0)
  promises.atMost(`${name}: doubled`, extra, where.transaction ? 0 : sent.kills)
  say(`lost ${lost.length}, doubled ${doubled.length}`)
  return [name, events, sent.kills, ...answered(sent.answers), lost.length, doubled.length]
}

const ids = (deliveries: readonly { id: string }[]) => deliveries.map(({ id }) => id)

/** How many were 200, something else, and nothing at all. */
function answered(answers: ReadonlyMap<number, number>): [number, number, number] {
  const [through, none] = [answers.get(200) ?? 0, answers.get(0) ?? 0]
  const all = [...answers.values()].reduce((sum, count) => sum + count, 0)
  return [through, all - through - none, none]
}

/** A provider that does not come back: whatever was begun and not handled must be among the dead letters. */
async function deliverOnce(bench: Bench, [where, backend]: At, promises: Promises) {
  const [events, kills] = [bench.count(3000, 400), bench.count(24, 4)]
  const deliveries = Array.from({ length: events }, (_, number) => caspayDelivery(`evt_${number}`))
  const job: ServeJob = { role: 'serve', where, provider: 'caspay', leaseSeconds, pace, fault: storeFault(bench) }
  const say = (text: string) => bench.say(`kill: caspay, ${text}`)
  const sent = await killWhileSending({ job, deliveries, kills, spread: 'many', maxTries: 1, say })
  await sleep(leaseSeconds * 1500)
  const keys = deliveries.map(({ id }) => storeKey('caspay', id))
  const kept = await backend.kept(keys)
  const begun = deliveries.filter((_, number) => kept[number] !== undefined)
  const before = tally(ids(begun), await backend.effects())
  const receiver = createReceiver({ provider: providers.caspay(), store: backend.store, observe: () => {} })
  const found = new Set<string>()
  for await (const letter of receiver.deadLetters()) {
    found.add(letter.id)
    await receiver.replay(letter.id, (event, { tx }) => backend.effect(event.payment?.paymentId ?? '', tx))
  }
  let left = 0
  for await (const _ of receiver.deadLetters()) left++
  const after = tally(ids(begun), await backend.effects())
  const missing = before.lost.filter((id) => !found.has(id)).length
  const never = events - begun.length
  promises.equal('caspay: kills', sent.kills, kills)
  promises.equal('caspay: begun, not handled, and no dead letter', missing, 0)
  promises.equal('caspay: lost after the replay', after.lost.length, 0)
  promises.equal('caspay: doubled after the replay', after.doubled.length, 0)
  promises.equal('caspay: dead letters left', left, 0)
  promises.atMost('caspay: events that no worker began', never, kills)
  const head = [
    'events',
    'kills',
    'begun',
    'not handled',
    'found as dead letters',
    'lost after replay',
    'doubled after replay',
  ]
  const rows = [
    [events, sent.kills, begun.length, before.lost.length, found.size, after.lost.length, after.doubled.length],
  ]
  return { title: 'A provider that delivers once, PostgreSQL in transactions', head, rows }
}
