import type { Summary } from '../shown'

/** How a delivery stands, for its colour and its sign: fine, failed, refused, or not settled. */
export type Standing = 'fine' | 'failed' | 'refused' | 'open'

const fine = ['processed', 'duplicate', 'verified']

export function standingOf({ verdict, outcome = '', accepted }: Summary): Standing {
  if (verdict === 'pending' || outcome === '') return 'open'
  if (verdict === 'refused') return 'refused'
  if (outcome === 'forwarded') return accepted ? 'fine' : 'failed'
  return fine.includes(outcome) ? 'fine' : 'failed'
}

/** What a delivery is called in the list: its type, or else why there is none. */
export function titleOf({ wireType, code, verdict }: Summary): string {
  return wireType ?? code ?? (verdict === 'pending' ? 'receiving …' : 'delivery')
}

/** What became of it, in a word or two. */
export function outcomeOf({ outcome = 'receiving', answered, verdict }: Summary): string {
  const word = outcome === 'forwarded' && verdict === 'refused' ? 'refused, handed on' : outcome.replaceAll('_', ' ')
  return answered === undefined ? word : `${word} · ${answered}`
}

/** Deliveries of the same event, or of the same bytes, the oldest first. */
export function siblingsOf(summary: Summary, all: readonly Summary[]): Summary[] {
  const { number, eventKey, bodyHash, provider, again } = summary
  return all
    .filter(
      (each) =>
        each.number === number ||
        (each.provider === provider &&
          ((eventKey !== undefined && each.eventKey === eventKey) ||
            (bodyHash !== undefined && each.bodyHash === bodyHash) ||
            each.number === again?.of ||
            each.again?.of === number)),
    )
    .toSorted((a, b) => a.number - b.number)
}

/** Whether every word that is searched for stands somewhere in its line. */
export function matches(summary: Summary, search: string): boolean {
  const { number, provider, verdict, code = '', wireType = '', eventId = '', about } = summary
  const line = [`#${number}`, provider, verdict, code, wireType, eventId, outcomeOf(summary), ...about]
  const text = line.join(' ').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
