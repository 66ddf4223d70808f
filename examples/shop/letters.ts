import type { DeadLetter, Outcome } from 'payproof'
import type pg from 'pg'
import type { Front } from './front'

/** Where a delivery came to a stop: on the web side, there with no store to keep it, or in the worker. */
export type Place = 'web' | 'spool' | 'worker'

export interface Named {
  readonly place: Place
  readonly provider: string
  /** By which it is found in its place. */
  readonly id: string
}

/** A delivery that was proven and not handled. */
export interface Kept extends Named {
  readonly eventId: string
  readonly wireType: string
  readonly attempts: number
  readonly receivedAt: string
  readonly why?: string
}

/** All of them, wherever they are. */
export interface Letters {
  list(): Promise<Kept[]>
  /** Whether it is handled now, or back in the queue. */
  replay(named: Named): Promise<boolean>
  discard(named: Named): Promise<boolean>
}

export function openLetters(pool: pg.Pool, { receivers, handOn, queue }: Front): Letters {
  const places = { web: webLetters(), spool: spooledLetters(), worker: failedJobs() }

  function webLetters(): Letters {
    return {
      async list() {
        const found: Kept[] = []
        for (const [provider, receiver] of Object.entries(receivers))
          for await (const letter of receiver.deadLetters())
            found.push({ ...shown(letter), place: 'web', provider, id: letter.id })
        return found
      },
      replay: async ({ provider, id }) => isHandled(await receivers[provider]?.replay(id, handOn)),
      discard: async ({ provider, id }) => (await receivers[provider]?.discard(id)) === true,
    }
  }

  function spooledLetters(): Letters {
    const drop = async (id: string) =>
      (await pool.query('DELETE FROM spooled_letters WHERE id = $1', [id])).rowCount === 1
    return {
      async list() {
        const { rows } = await pool.query<{ id: string; letter: DeadLetter }>('SELECT id, letter FROM spooled_letters')
        return rows.map(({ id, letter }) => ({ ...shown(letter), place: 'spool', provider: letter.provider, id }))
      },
      async replay({ provider, id }) {
        const { rows } = await pool.query<{ letter: DeadLetter }>('SELECT letter FROM spooled_letters WHERE id = $1', [
          id,
        ])
        const letter = rows[0]?.letter
        return letter !== undefined && isHandled(await receivers[provider]?.replay(letter, handOn)) && (await drop(id))
      },
      discard: ({ id }) => drop(id),
    }
  }

  /** BullMQ keeps them, and does not try them again by itself. */
  function failedJobs(): Letters {
    return {
      async list() {
        const jobs = await queue.getFailed(0, 999)
        return jobs.map(({ id = '', data, attemptsMade: attempts }) => {
          return { ...shown(data), attempts, place: 'worker', provider: data.provider, id }
        })
      },
      async replay({ id }) {
        const job = await queue.getJob(id)
        if (job === undefined || !(await job.isFailed())) return false
        await job.retry('failed', { resetAttemptsMade: true })
        return true
      },
      discard: async ({ id }) => (await queue.remove(id)) === 1,
    }
  }

  return {
    async list() {
      const lists = await Promise.all(Object.values(places).map((place) => place.list()))
      const { rows } = await pool.query('SELECT provider, event_id AS "eventId", why FROM problems')
      const whys = new Map(rows.map(({ provider, eventId, why }) => [`${provider} ${eventId}`, why]))
      return lists.flat().map((kept) => ({ ...kept, why: whys.get(`${kept.provider} ${kept.eventId}`) }))
    },
    replay: (named) => places[named.place].replay(named),
    discard: (named) => places[named.place].discard(named),
  }
}

function shown({
  id,
  wireType,
  attempts,
  receivedAt,
}: Pick<DeadLetter, 'id' | 'wireType' | 'attempts'> & { receivedAt: string | Date }) {
  return { eventId: id, wireType, attempts, receivedAt: new Date(receivedAt).toISOString() }
}

function isHandled(outcome: Outcome | undefined): boolean {
  return outcome?.kind === 'processed' || outcome?.kind === 'duplicate'
}
