import type { Candidate } from './candidates'
import { inLanes, keyOf, meetAgain } from './lanes'
import { openLink } from './link'

/** Of one call of a handler, or of one duplicate. */
export interface Wire {
  readonly roundTrips: number
  readonly sentBytes: number
  readonly receivedBytes: number
}

export async function measureWire(candidate: Candidate, url: string): Promise<{ event: Wire; duplicate: Wire }> {
  const link = await openLink(Number(new URL(url).port))
  const opened = await candidate.open(link.through(url))
  const of = async (work: (at: number) => Promise<unknown>): Promise<Wire> => {
    const before = { ...link.counted }
    const count = 50
    await inLanes(count, 1, work)
    return {
      roundTrips: Math.round(((link.counted.roundTrips - before.roundTrips) / count) * 10) / 10,
      sentBytes: Math.round((link.counted.sentBytes - before.sentBytes) / count),
      receivedBytes: Math.round((link.counted.receivedBytes - before.receivedBytes) / count),
    }
  }
  try {
    // The first ones look at the server, load scripts and plan statements.
    await of((at) => opened.handle(keyOf(at, `${candidate.name} first`)))
    return {
      event: await of((at) => opened.handle(keyOf(at, `${candidate.name} wire`))),
      duplicate: await of((at) => meetAgain(opened.store, keyOf(at, `${candidate.name} wire`))),
    }
  } finally {
    await opened.close()
    await link.close()
  }
}
