import { setTimeout as sleep } from 'node:timers/promises'
import { Promises } from '../../../chaos/tally'
import type { Shop } from '../run/shop'
import { type Books, openBooks } from './books'
import { makeEvents, type ShopEvent } from './events'
import { atOperatorsPage, keptOn } from './operator'
import { phases } from './phases'
import { Record } from './record'
import { createSender, type Sender } from './sender'

export interface Settings {
  readonly events: number
  readonly perSecond: number
  /** How long a server is gone that is stopped politely. */
  readonly downMs: number
  readonly say: (text: string) => void
}

/** What was found. */
export interface Finding {
  readonly events: readonly ShopEvent[]
  readonly record: Record
  readonly caspay: CaspaysFailures
  readonly lost: number
  readonly extra: number
  readonly broken: readonly string[]
}

/** What became of CasPay's deliveries that were not answered 200, and do not come again. */
export interface CaspaysFailures {
  readonly all: number
  readonly handledAnyway: number
  readonly replayed: number
  /** No web process ever had them. */
  readonly neverReached: number
}

export async function prove(shop: Shop, settings: Settings): Promise<Finding> {
  const events = await makeEvents(shop, settings.events)
  const record = new Record()
  const sender = createSender(shop.url, (attempt) => record.note(attempt))
  const books = openBooks(shop)
  try {
    await runPhases(shop, sender, events, record, settings)
    settings.say('waits until everything is delivered')
    await sender.settled()
    await idle(books)
    const caspay = await mend(shop, sender, books, events, record, settings)
    const { lost, doubled, extra, strange } = await books.fulfilments(events)
    const promises = new Promises()
    promises.equal('payments lost', lost.length, 0)
    promises.equal('payments fulfilled twice', doubled.length, 0)
    promises.equal('fulfilments of payments that nobody made', strange, 0)
    promises.equal('orders not paid in the end', await books.unpaid(), 0)
    promises.equal('events handled', await books.handledEvents(), events.length)
    promises.equal('jobs that failed for good', await books.failedJobs(), 0)
    promises.equal('deliveries left for the operator', keptOn(await atOperatorsPage(shop).read()), 0)
    answersAsPromised(record, settings.downMs, promises)
    return { events, record, caspay, lost: lost.length, extra, broken: promises.broken }
  } finally {
    sender.close()
    await books.close()
  }
}

async function runPhases(
  shop: Shop,
  sender: Sender,
  events: readonly ShopEvent[],
  record: Record,
  { perSecond, downMs, say }: Settings,
): Promise<void> {
  const share = Math.ceil(events.length / phases.length)
  for (const [number, phase] of phases.entries()) {
    say(`${phase.name}: ${number * share} of ${events.length} events sent, ${sender.open} not acknowledged`)
    const stretch = record.begin(phase)
    const sending = sender.send(events.slice(number * share, (number + 1) * share), perSecond)
    if (phase.harm !== undefined) {
      await sleep(500)
      stretch.harmedMs = performance.now()
      await phase.harm(shop, downMs)
      stretch.mendedMs = performance.now() + 1000
    }
    await sending
  }
}

/** Nothing in the queue, for long enough that nobody was between two jobs. */
async function idle(books: Books): Promise<void> {
  for (let quiet = 0; quiet < 3; await sleep(200)) quiet = (await books.waiting()) === 0 ? quiet + 1 : 0
}

/** The operator replays what was kept. What no web process ever had is sent again, as CasPay's support would have to. */
async function mend(
  shop: Shop,
  sender: Sender,
  books: Books,
  events: readonly ShopEvent[],
  record: Record,
  { perSecond, say }: Settings,
): Promise<CaspaysFailures> {
  const before = new Set((await books.fulfilments(events)).lost)
  const refused = new Map(record.refusedOnce)
  say(`the operator replays what was kept; ${before.size} payments are not fulfilled yet`)
  const operator = atOperatorsPage(shop)
  // What a killed process had begun is shown once its lease has ended.
  await sleep(6000)
  while (keptOn(await operator.read()) > 0) {
    await operator.press('/replay-all')
    await sleep(1500)
  }
  await idle(books)
  const after = new Set((await books.fulfilments(events)).lost)
  const never = Array.from(refused).filter(([{ orderId }, { byProxy }]) => after.has(orderId) && byProxy)
  say(`CasPay sends again what never reached the shop: ${never.length}`)
  await sender.send(
    never.map(([event]) => event),
    perSecond,
  )
  await sender.settled()
  await idle(books)
  return {
    all: refused.size,
    handledAnyway: Array.from(refused.keys()).filter(({ orderId }) => !before.has(orderId)).length,
    replayed: before.size - after.size,
    neverReached: never.length,
  }
}

/** While only servers are down the shop answers, and nothing but 503 in place of 200. */
function answersAsPromised(record: Record, downMs: number, promises: Promises): void {
  for (const { phase, attempts, harmedMs } of record.stretches) {
    const isDown = ({ sentMs, tookMs }: (typeof attempts)[number]) =>
      harmedMs !== undefined && sentMs >= harmedMs && sentMs + tookMs <= harmedMs + downMs
    // A copy at the same time, or an earlier delivery whose claim could not be given back: come again, says 409.
    const isBusy = ({ status, event, tries }: (typeof attempts)[number]) =>
      status === 409 && (event.copies > 1 || tries > 0)
    const others = attempts.filter(
      (attempt) => isDown(attempt) && attempt.status !== 200 && attempt.status !== 503 && !isBusy(attempt),
    )
    const statuses = Array.from(new Set(others.map(({ status }) => status))).join(', ')
    if (phase.politely) promises.equal(`${phase.name}: answers but 200 and 503 meanwhile`, statuses, '')
    const strange = attempts.filter(({ status }) => ![200, 409, 502, 503, 0, -1].includes(status))
    promises.equal(`${phase.name}: answers that nobody can want`, strange.length, 0)
  }
}
