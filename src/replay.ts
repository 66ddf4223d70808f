import { isId } from './core/ids'
import { type DeadLetter, openLetter, readDeadLetter } from './dead-letters'
import { within } from './deadline'
import { isWebhookError, WebhookError } from './errors'
import type { WebhookEvent } from './event'
import { keyOf } from './handling'
import { isJobData, openJob } from './job'
import type { Report } from './observe'
import type { ReceiverSettings } from './options'
import type { Letter } from './stores/store'

/** How many letters are read at once. */
const pageSize = 100

/** Makes the part of a receiver that reads the dead letters of its provider and account. */
export function createDeadLetters<Event extends WebhookEvent, Tx>(
  settings: ReceiverSettings<Event, Tx>,
  report: (report: Report) => void,
) {
  const { provider, account, store, storeTimeoutMs, retentionSeconds, now } = settings
  const { letters } = store

  /** Throws `store_unavailable` when the store fails or gives no answer in time. */
  async function fromStore<T>(answer: Promise<T> | undefined): Promise<T | undefined> {
    if (answer === undefined) return undefined
    return within(storeTimeoutMs, answer).catch((cause) => {
      if (isWebhookError(cause)) throw cause
      throw new WebhookError('store_unavailable', 'The store failed at its letters.', { cause })
    })
  }

  /** One letter that cannot be read must not hide the others. */
  function opened(letter: Letter): DeadLetter | undefined {
    try {
      return openLetter(letter)
    } catch (error) {
      const idempotencyKey = letter.key.slice(keyOf(settings, '').length)
      report({ type: 'dead_letter_failed', provider: provider.name, account, idempotencyKey, error })
      return undefined
    }
  }

  async function ofId(id: string): Promise<DeadLetter> {
    const found = isId(id) ? await fromStore(letters?.get(keyOf(settings, id))) : undefined
    const letter = found && opened(found)
    if (letter !== undefined) return letter
    throw unknown('There is no dead letter by that id: it was handled or discarded.')
  }

  /** What the store does not have may have been handled, and forgotten since. */
  function given(input: unknown): DeadLetter {
    // The receiver that made the job has completed the event: it would pass for a duplicate, and never be handled.
    if (isJobData(input))
      throw new WebhookError('job_invalid', "It is a job's data: `replay({ queue, data }, handler)` handles it.")
    const letter = readDeadLetter(input)
    if (letter.provider !== provider.name || letter.account !== account)
      throw unknown('It is a letter of another provider or account.')
    if (isRemembered(letter)) return letter
    throw unknown(forgotten)
  }

  /** A job from a queue. */
  function queued(data: unknown): DeadLetter {
    const letter = openJob(data, { provider: provider.name, account })
    if (isRemembered(letter)) return letter
    throw new WebhookError('job_invalid', forgotten)
  }

  const forgotten = `It is older than retentionSeconds (${retentionSeconds}): the store cannot tell whether it was handled. Look at the order.`

  function isRemembered({ receivedAt }: DeadLetter): boolean {
    return now() - receivedAt.getTime() <= retentionSeconds * 1000
  }

  return {
    queued,
    find: async (letter: unknown) => (typeof letter === 'string' ? ofId(letter) : given(letter)),
    async *list(): AsyncGenerator<DeadLetter> {
      let after = ''
      for (;;) {
        const page = (await fromStore(letters?.list(keyOf(settings, ''), after, pageSize))) ?? []
        for (const letter of page.map(opened)) if (letter !== undefined) yield letter
        const last = page.at(-1)
        if (last === undefined || page.length < pageSize) return
        after = last.key
      }
    },
    discard: async (id: string) => (isId(id) && (await fromStore(letters?.discard(keyOf(settings, id))))) === true,
  }
}

function unknown(hint: string): WebhookError {
  return new WebhookError('dead_letter_unknown', hint)
}
