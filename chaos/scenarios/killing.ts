import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '../deliveries'
import { type Fleet, startFleet } from '../fleet'
import type { Job } from '../jobs'
import { type SenderSettings, type Sent, send } from '../sender'

/** How events are spread over the workers, and so how many handlers a kill can hit. */
export type Spread =
  /** Many at once, each copy to any worker. */
  | 'many'
  /** Each pair of workers has one event at a time: a kill hits one handler at the most. */
  | 'pairs'

export interface KillingSettings {
  readonly job: Job
  readonly deliveries: readonly Delivery[]
  readonly kills: number
  readonly spread: Spread
  readonly maxTries?: number
  readonly say: (text: string) => void
}

const workers = 4

/** Sends every event twice at once and again until it is acknowledged, and kills workers all the while. */
export async function killWhileSending(settings: KillingSettings): Promise<Sent & { readonly kills: number }> {
  const { job, deliveries, spread, maxTries, say } = settings
  const fleet = await startFleet(job, workers)
  const killer = startKilling(fleet, settings)
  try {
    const sent = await send({
      deliveries,
      lanes: spread === 'many' ? 32 : workers / 2,
      copies: 2,
      port: spread === 'many' ? anyWorker(fleet) : pairOf(fleet),
      pauseMs: () => 30,
      gate: killer.gate,
      ...(maxTries === undefined ? {} : { maxTries }),
      onEvent(count) {
        killer.reached(count)
        if (count % 1000 === 0) say(`${count} events, ${killer.done()} kills`)
      },
    })
    return { ...sent, kills: await killer.end() }
  } finally {
    await fleet.end()
  }
}

function anyWorker(fleet: Fleet): SenderSettings['port'] {
  return (lane, copy, attempt) => {
    const open = Array.from({ length: fleet.size }, (_, slot) => fleet.port(slot)).filter((port) => port !== undefined)
    // The copies of a first try go to different workers.
    return open[attempt === 0 ? (lane + copy) % open.length : Math.floor(Math.random() * open.length)]
  }
}

const pairOf =
  (fleet: Fleet): SenderSettings['port'] =>
  (lane, copy, attempt) =>
    fleet.port(2 * lane + ((copy + attempt) % 2))

/** Kills one worker each time so many more events are through, at a random moment while others are under way. */
function startKilling(fleet: Fleet, { deliveries, kills }: KillingSettings) {
  const every = Math.floor(deliveries.length / (kills + 1))
  let [done, count, over] = [0, 0, false]
  const ended = (async () => {
    while (done < kills && !over) {
      while (count < (done + 1) * every && !over) await sleep(2)
      await sleep(Math.random() * 30)
      await fleet.killOne()
      done++
    }
    return done
  })()
  return {
    done: () => done,
    reached(reached: number) {
      count = reached
    },
    /** A new worker takes a second to start: without this the events would be over before the kills. */
    async gate(number: number) {
      while (done < kills && number >= (done + 2) * every) await sleep(2)
    },
    end() {
      over = true
      return ended
    },
  }
}
