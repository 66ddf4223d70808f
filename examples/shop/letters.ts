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
  readonly why?: string | undefined
}

/** All of them, wherever they are. */
export interface Letters {
  list(): Promise<Kept[]>
  /** Nothing once it is handled, or back in the queue; else why it is not. */
  replay(named: Named): Promise<string | undefined>
  discard(named: Named): Promise<boolean>
}

/** Of each place: the page stays one that can be read, however long a server was down. */
const shownAtMost = 1000

export function openLetters(pool: pg.Pool, { receivers, handOn, queue }: Front): Letters {
  const receiverOf = (provider: string) => (Object.hasOwn(receivers, provider) ? receivers[provider] : undefined)
  const places = { web: webLetters(), spool: spooledLetters(), worker: failedJobs() }

  function webLetters(): Letters {
    return {
      async list() {
        const found: Kept[] = []
        for (const [provider, receiver] of Object.entries(receivers))
          for await (const letter of receiver.deadLetters())
            if (found.push({ ...shown(letter), place: 'web', provider, id: letter.id }) >= shownAtMost) return found
        return found
      },
      replay: async ({ provider, id }) => problemOf(await receiverOf(provider)?.replay(id, handOn)),
      discard: async ({ provider, id }) => (await receiverOf(provider)?.discard(id)) === true,
    }
  }

  function spooledLetters(): Letters {
    const drop = async (id: string) =>
      (await pool.query('DELETE FROM spooled_letters WHERE id = $1', [id])).rowCount === 1
    return {
      async list() {
        const select = 'SELECT id, letter FROM spooled_letters ORDER BY id LIMIT $1'
        const { rows } = await pool.query<{ id: string; letter: DeadLetter }>(select, [shownAtMost])
        return rows.map(({ id, letter }) => ({ ...shown(letter), place: 'spool', provider: letter.provider, id }))
      },
      async replay({ provider, id }) {
        const { rows } = await pool.query<{ letter: DeadLetter }>('SELECT letter FROM spooled_letters WHERE id = $1', [
          id,
        ])
        if (rows[0] === undefined) return isGone
        const problem = problemOf(await receiverOf(provider)?.replay(rows[0].letter, handOn))
        if (problem === undefined) await drop(id)
        return problem
      },
      discard: ({ id }) => drop(id),
    }
  }

  /** BullMQ keeps them, and does not try them again by itself. */
  function failedJobs(): Letters {
    const failed = async (id: string) => {
      const job = await queue.getJob(id)
      return job !== undefined && (await job.isFailed()) ? job : undefined
    }
    return {
      async list() {
        const jobs = await queue.getFailed(0, shownAtMost - 1)
        return jobs.map(({ id = '', data, attemptsMade: attempts, failedReason: why }) => {
          return { ...shown(data), why, attempts, place: 'worker', provider: String(data.provider), id }
        })
      },
      async replay({ id }) {
        const job = await failed(id)
        if (job === undefined) return isGone
        await job.retry('failed', { resetAttemptsMade: true })
        return undefined
      },
      // One that waits or was fulfilled meanwhile is not what the page showed.
      discard: async ({ id }) => (await failed(id)) !== undefined && (await queue.remove(id)) === 1,
    }
  }

  return {
    async list() {
      const lists = await Promise.all(Object.values(places).map((place) => place.list()))
      const { rows } = await pool.query('SELECT provider, event_id AS "eventId", why FROM problems')
      const whys = new Map(rows.map(({ provider, eventId, why }) => [`${provider} ${eventId}`, why]))
      return lists.flat().map((kept) => ({ ...kept, why: whys.get(`${kept.provider} ${kept.eventId}`) ?? kept.why }))
    },
    replay: (named) => places[named.place].replay(named),
    discard: (named) => places[named.place].discard(named),
  }
}

const isGone = 'It is not there any more.'

/** Also of what is none: one that cannot be read must not hide the others. */
function shown({ id, wireType, attempts, receivedAt, reason }: Partial<Shown>) {
  const at = new Date(receivedAt ?? Number.NaN)
  return {
    eventId: String(id),
    wireType: String(wireType),
    attempts: Number(attempts ?? 0),
    receivedAt: Number.isNaN(at.getTime()) ? 'at an unknown time' : at.toISOString(),
    why: reason && `The web process could not hand it on: ${reason}.`,
  }
}

type Shown = Pick<DeadLetter, 'id' | 'wireType' | 'attempts' | 'reason'> & { receivedAt: string | Date }

function problemOf(outcome: Outcome | undefined): string | undefined {
  if (outcome === undefined) return 'Nobody receives for that provider.'
  return outcome.kind === 'processed' || outcome.kind === 'duplicate' ? undefined : outcome.error.hint
}
