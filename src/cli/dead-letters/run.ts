import { letProcessEnd } from '../process-end'
import { inert, type Terminal, UsageError } from '../terminal'
import { type BoxOptions, findLetter, type LetterBox, openBox } from './box'
import { parseTarget } from './post'
import { missing, printReplayed, replayAll, replayThrough } from './replay'
import { contentsOf, summaryOf } from './show'

export interface ListOptions extends BoxOptions {
  readonly json?: true
}

export interface ReplayOptions extends ListOptions {
  readonly all?: true
  readonly to?: string
  readonly remote?: true
}

export async function list(terminal: Terminal, options: ListOptions): Promise<void> {
  const letters: object[] = []
  await withBox(terminal, options, async ({ receiver }) => {
    for await (const letter of receiver.deadLetters()) {
      const summary = summaryOf(letter)
      letters.push(summary)
      const { id, type, attempts, reason, receivedAt } = summary
      const times = `${attempts} attempt${attempts === 1 ? '' : 's'}`
      if (!options.json)
        terminal.print(`${receivedAt}  ${inert(id, 256)}  ${inert(type, 256)}  ${times}  ${inert(reason, 60)}`)
    }
  })
  if (options.json) terminal.printJson({ letters })
  else if (letters.length === 0) terminal.note(none(options))
}

export async function show(terminal: Terminal, id: string, options: ListOptions & { full?: true }): Promise<void> {
  await withBox(terminal, options, async (box) => {
    const letter = await findLetter(box, id)
    if (letter === undefined) return notThere(terminal, id)
    const document = { ...summaryOf(letter), ...contentsOf(letter, options.full === true) }
    if (options.json) return terminal.printJson(document)
    const { headers, body, ...summary } = document
    for (const [name, value] of Object.entries(summary).filter(([, value]) => value !== ''))
      terminal.print(`${`${name}:`.padEnd(12)} ${inert(String(value), 256)}`)
    for (const [name, value] of Object.entries(headers)) terminal.print(`${inert(name, 100)}: ${inert(value)}`)
    terminal.print('')
    if (typeof body === 'string') terminal.print(inert(body))
    else terminal.printJson(body)
  })
}

export async function discard(terminal: Terminal, ids: readonly string[], options: ListOptions): Promise<void> {
  const results: { id: string; discarded: boolean }[] = []
  await withBox(terminal, options, async ({ receiver }) => {
    for (const id of ids) {
      const discarded = await receiver.discard(id)
      results.push({ id, discarded })
      if (!discarded) notThere(terminal, id)
      else if (!options.json) terminal.print(`discarded  ${inert(id, 256)}`)
    }
  })
  if (options.json) terminal.printJson({ results })
}

export async function replay(terminal: Terminal, ids: readonly string[], options: ReplayOptions): Promise<void> {
  if ((ids.length === 0) !== (options.all === true)) throw new UsageError('Give the ids of letters, or --all.')
  const url = options.to === undefined ? undefined : parseTarget(options.to, options.remote === true)
  const results: object[] = []
  const stop = stopping()
  await withBox(terminal, options, async (box) => {
    for await (const replayed of replayAll(box, options.all ? 'all' : ids, replayThrough(box, url), stop.isStopped)) {
      results.push(replayed)
      if (!options.json) printReplayed(terminal, replayed)
      if (!replayed.handled) terminal.fail()
    }
  }).finally(stop.end)
  if (stop.isStopped()) terminal.fail()
  if (options.json) terminal.printJson({ results })
  else if (results.length === 0) terminal.note(none(options))
}

/** Names what was looked for: a name may be mistyped. */
const none = ({ provider, account }: BoxOptions) =>
  `There are no dead letters${provider ? ` of ${inert(provider, 40)}` : ''}${account ? `, account ${inert(account, 64)}` : ''}.`

/** The first interrupt lets the letter at hand come to its end. */
function stopping(): { isStopped: () => boolean; end: () => void } {
  let stopped = false
  const stop = () => {
    stopped = true
  }
  process.once('SIGINT', stop)
  return { isStopped: () => stopped, end: () => process.off('SIGINT', stop) }
}

function notThere(terminal: Terminal, id: string): void {
  terminal.note(`${inert(id, 256)}: ${missing(id).hint}`)
  terminal.fail()
}

async function withBox(
  terminal: Terminal,
  options: BoxOptions,
  work: (box: LetterBox) => Promise<void>,
): Promise<void> {
  try {
    const box = await openBox(terminal, options)
    await work(box).finally(box.close)
  } finally {
    // A server or pool that the module has opened, or a store that does not answer, would keep it for ever.
    letProcessEnd()
  }
}
