import type { Backend, Where } from '../backends/backend'
import { payqiDelivery } from '../deliveries'
import type { PowertoolsJob, ServeJob } from '../jobs'
import { type Bench, type Scenario, storeFault, withBackend } from '../scenario'
import type { Cell } from '../table'
import { Promises, tally } from '../tally'
import { killWhileSending } from './killing'
import { finishLate, soundly } from './late'
import { runSlowly } from './slow'

type Maker = 'payproof' | 'powertools'
type Shop = ServeJob | PowertoolsJob
const makers: readonly Maker[] = ['payproof', 'powertools']

export const powertools: Scenario = {
  name: 'powertools',
  promise: 'What payproof promises on Redis in lease mode, and what AWS Lambda Powertools does in the same place.',
  method:
    'The same workers, sender and Redis; in the one case payproof, in the other `makeIdempotent` with `CachePersistenceLayer`, set up as its documentation says, with the event id as its key and a Lambda context whose remaining time is the lease. Late, 10 events: A has a lease of 0.3 s, is not renewed (as if its process stood still) and works 1 s; B takes over at 0.5 s and works 1.5 s; C arrives at 1.2 s, while B works. C should be told to come again, and the effect of A cannot be undone in this mode. Lambda itself freezes a function at its time limit, so a late finisher is rarer there; Powertools does not renew, since in Lambda the limit is known beforehand.',
  faults: ['neverRenews'],
  async run(bench) {
    const promises = new Promises()
    const rows: Cell[][] = []
    for (const fails of [false, true]) {
      const title = fails ? 'A ends late and throws' : 'A ends late and succeeds'
      const told = await forEach(bench, async (maker, at) => {
        return finishLate(shop(maker, at, 5, 0, undefined), fails, () => at[1].effects())
      })
      const [ours, theirs] = told
      rows.push([`${title}: C is told`, ours.answers, theirs.answers])
      rows.push([`${title}: handlers begun by A, B, C`, ours.runs, theirs.runs])
      rows.push([`${title}: effects`, ours.effects, theirs.effects])
      promises.equal(`${title}: C is told`, ours.answers, soundly.answers)
      promises.equal(`${title}: handlers begun`, ours.runs, soundly.runs)
      bench.say(`powertools: ${title}`)
    }
    rows.push(...(await slowly(bench, promises)), ...(await killed(bench, promises)))
    const head = ['case', 'payproof', 'Powertools']
    return { tables: [{ title: 'The same on Redis', head, rows }], broken: promises.broken }
  },
}

type At = readonly [Where, Backend]

async function forEach<T>(bench: Bench, work: (maker: Maker, at: At) => Promise<T>): Promise<[T, T]> {
  const [first, second] = [[], []] as [T[], T[]]
  for (const maker of makers)
    (maker === 'payproof' ? first : second).push(await withBackend(bench, 'redis', (...at) => work(maker, at)))
  return [...first, ...second] as unknown as [T, T]
}

function shop(maker: Maker, [where]: At, leaseSeconds: number, beforeMs: number, fault: ServeJob['fault']): Shop {
  const common = { where, leaseSeconds, pace: { beforeMs, afterMs: 0, random: false }, fault }
  return maker === 'payproof' ? { role: 'serve', provider: 'payqi', ...common } : { role: 'powertools', ...common }
}

async function slowly(bench: Bench, promises: Promises): Promise<Cell[][]> {
  const [ours, theirs] = await forEach(bench, (maker, at) =>
    runSlowly(bench, shop(maker, at, 1, 3000, storeFault(bench)), () => at[1].effects()),
  )
  promises.equal('handler three times as long as the lease: runs', ours.runs, ours.events)
  promises.equal('handler three times as long as the lease: lost', ours.lost, 0)
  bench.say('powertools: slow handlers')
  const title = `Handler three times as long as the lease, ${ours.events} events`
  return [
    [`${title}: runs`, ours.runs, theirs.runs],
    [`${title}: doubled`, ours.doubled, theirs.doubled],
    [`${title}: lost`, ours.lost, theirs.lost],
  ]
}

async function killed(bench: Bench, promises: Promises): Promise<Cell[][]> {
  const [events, kills] = [bench.count(3000, 200), bench.count(24, 2)]
  const [ours, theirs] = await forEach(bench, async (maker, at) => {
    const deliveries = Array.from({ length: events }, (_, number) => payqiDelivery(`evt_${number}`))
    const pace = { beforeMs: 4, afterMs: 4, random: true }
    const job: Shop = { ...shop(maker, at, 1, 0, storeFault(bench)), pace }
    const say = (text: string) => bench.say(`powertools: kill, ${maker}, ${text}`)
    const sent = await killWhileSending({ job, deliveries, kills, spread: 'pairs', maxTries: 600, say })
    const { lost, doubled } = tally(
      deliveries.map(({ id }) => id),
      await at[1].effects(),
    )
    const unanswered = events - sent.acknowledged.size
    return { lost: lost.length, doubled: doubled.length, unanswered }
  })
  promises.equal('kill: lost', ours.lost, 0)
  promises.equal('kill: never acknowledged', ours.unanswered, 0)
  promises.atMost('kill: doubled', ours.doubled, kills)
  const title = `kill -9, ${events} events, ${kills} kills`
  return [
    [`${title}: lost`, ours.lost, theirs.lost],
    [`${title}: doubled`, ours.doubled, theirs.doubled],
    [`${title}: never acknowledged within 600 tries`, ours.unanswered, theirs.unanswered],
  ]
}
