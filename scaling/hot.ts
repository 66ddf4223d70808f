import { digits } from '../bench/part'
import { servers } from './candidates'
import { copies, type Found, measureHot, type Times } from './hot-event'
import type { Section } from './section'

export const hot: Section = {
  name: 'hot',
  async run(bench) {
    const found: Found[] = []
    const remarks: string[] = []
    for (const kind of ['redis', 'postgres'] as const) {
      if (!servers[kind].has()) {
        remarks.push(`Not run, this machine has no ${kind}.`)
        continue
      }
      bench.say(kind)
      const server = await servers[kind].start()
      try {
        found.push(await measureHot(kind, server.url, bench))
      } finally {
        await server.stop()
      }
    }
    return {
      tables: [besideTable(found), atOnceTable(found)],
      remarks,
      broken: found.filter(({ written }) => written > 0).map(({ name }) => `${name} wrote something for a duplicate`),
    }
  },
}

function besideTable(found: readonly Found[]) {
  const shown = ({ p50, p99 }: Times) => `${digits(p50)} / ${digits(p99)}`
  return {
    title: `One handled event again and again, 64 copies under way, beside others, 16 under way: p50 / p99 in ms`,
    head: ['store', 'others alone', 'others beside it', 'the copies', 'copies/s', `log bytes of ${copies} copies`],
    rows: found.map(({ name, alone, beside, hot: again, hotPerSecond, written }) => [
      name,
      shown(alone),
      shown(beside),
      shown(again),
      Math.round(hotPerSecond),
      written,
    ]),
  }
}

function atOnceTable(found: readonly Found[]) {
  return {
    title: `A new event, ${copies} copies at the same moment`,
    head: ['store', 'acquired', 'in progress', 'p50 ms', 'p99 ms'],
    rows: found.map(({ name, atOnce: { acquired, inProgress, p50, p99 } }) => [
      name,
      acquired,
      inProgress,
      digits(p50),
      digits(p99),
    ]),
  }
}
