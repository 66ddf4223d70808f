import { setTimeout as sleep } from 'node:timers/promises'
import { payqiDelivery } from '../deliveries'
import { startWorker } from '../fleet'
import type { PowertoolsJob, ServeJob } from '../jobs'
import { post } from '../sender'
import { readRuns, withRunsFile } from './runs'

const events = 10

/** What became of events whose first worker came back after a second had taken them over. */
export interface Late {
  /** What C is told while B works, as `409 x 10`. */
  readonly answers: string
  /** Handlers that began, of A, B and C. */
  readonly runs: number
  readonly effects: number
}

/** A works for 1 s with a lease of 0.3 s, B takes over at 0.5 s and works for 1.5 s, C arrives at 1.2 s. */
export async function finishLate(
  shop: ServeJob | PowertoolsJob,
  failsLate: boolean,
  effects: () => Promise<string[]>,
): Promise<Late> {
  return withRunsFile(async (runsFile) => {
    const job = (leaseSeconds: number, beforeMs: number) => ({
      ...shop,
      runsFile,
      leaseSeconds,
      pace: { beforeMs, afterMs: 0, random: false },
    })
    const [a, b, c] = await Promise.all([
      // A renewal would prevent the case that is measured: this worker is as if stopped.
      startWorker({ ...job(0.3, 1000), fault: failsLate ? 'neverRenewsAndThrows' : 'neverRenews' }),
      startWorker(job(5, 1500)),
      startWorker(job(5, 0)),
    ])
    try {
      const deliveries = Array.from({ length: events }, (_, number) => payqiDelivery(`evt_${number}`))
      const deliverTo = (port: number) => Promise.all(deliveries.map((delivery) => post(undefined, port, delivery)))
      const first = deliverTo(a.port)
      await sleep(500)
      const second = deliverTo(b.port)
      await sleep(700)
      const answers = await deliverTo(c.port)
      await Promise.all([first, second])
      return { answers: summary(answers), runs: readRuns(runsFile).length, effects: (await effects()).length }
    } finally {
      await Promise.all([a, b, c].map((worker) => worker.kill('SIGKILL')))
    }
  })
}

function summary(answers: readonly number[]): string {
  const statuses = [...new Set(answers)].sort()
  return statuses.map((status) => `${status} x ${answers.filter((each) => each === status).length}`).join(', ')
}

/** What one owner at a time looks like: C is told to come again, and only A and B have begun. */
export const soundly = { answers: `409 x ${events}`, runs: 2 * events }
