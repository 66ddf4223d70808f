import type { Handler } from '../../attempt'
import type { DeadLetter } from '../../dead-letters'
import type { WebhookEvent } from '../../event'
import { inert, type Terminal, UsageError } from '../terminal'
import { findLetter, type LetterBox } from './box'
import type { Handling } from './module'
import { postLetter, type Replayed } from './post'

/** How one letter is replayed. */
export type Replay = (letter: DeadLetter) => Promise<Replayed>

/** Through the merchant's own receiver and handler, or by posting it to an endpoint. */
export function replayThrough({ handling, has }: LetterBox, url: URL | undefined): Replay {
  if (handling !== undefined && url === undefined) {
    const { receiver, handler } = handling
    if (handler === undefined)
      throw new UsageError('The module must export `handler` too: it is what handles the letters.')
    return (letter) => replayHere(receiver, handler, letter)
  }
  if (url !== undefined && has !== undefined) return (letter) => postLetter(url, letter, has)
  throw new UsageError(
    'Give --module with your receiver and handler, or --to with the address of your endpoint: one of the two.',
  )
}

/** Proven as of its receipt, claimed, handled, dropped. */
async function replayHere(
  receiver: Handling['receiver'],
  handler: Handler<WebhookEvent>,
  { id }: DeadLetter,
): Promise<Replayed> {
  const outcome = await receiver.replay(id, handler)
  const { kind } = outcome
  const handled = kind === 'processed' || kind === 'duplicate'
  if (handled || !('error' in outcome)) return { id, handled, outcome: kind }
  const { code, hint, cause } = outcome.error
  const thrown = kind === 'failed' && cause instanceof Error ? `The handler threw: ${cause.message}` : hint
  return { id, handled, outcome: `${kind} (${code})`, hint: thrown }
}

/** The letters that are asked for, one after the other. An id that is not there counts as not handled. */
export async function* replayAll(
  box: LetterBox,
  ids: readonly string[] | 'all',
  replay: Replay,
  isStopped: () => boolean,
): AsyncGenerator<Replayed> {
  if (ids !== 'all') {
    for (const id of ids) {
      const letter = await findLetter(box, id)
      yield letter === undefined ? missing(id) : await replay(letter)
      if (isStopped()) return
    }
    return
  }
  for await (const letter of box.receiver.deadLetters()) {
    yield await replay(letter)
    if (isStopped()) return
  }
}

export const missing = (id: string): Replayed => ({
  id,
  handled: false,
  outcome: 'unknown',
  hint: 'There is no dead letter by that id: it was handled or discarded, or somebody is handling it now.',
})

export function printReplayed({ print, style }: Terminal, { id, handled, outcome, hint }: Replayed): void {
  const state = handled ? style.green('handled    ') : style.red('not handled')
  print(`${state}  ${inert(id, 256)}  ${inert(outcome)}`)
  if (hint !== undefined) print(`             ${style.bold('→')} ${inert(hint, 500)}`)
}
