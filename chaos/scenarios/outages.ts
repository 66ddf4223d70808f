import { setTimeout as sleep } from 'node:timers/promises'
import type { ScratchServer } from '../servers'

const downMs = 2500

/** Restarts the server each time so many more events are through, and remembers when it was down. */
export function startOutages(server: ScratchServer, restarts: number, every: number) {
  const spans: (readonly [from: number, to: number])[] = []
  let [reached, over] = [0, false]
  const ended = (async () => {
    while (spans.length < restarts && !over) {
      while (reached < (spans.length + 1) * every && !over) await sleep(2)
      const fromMs = performance.now()
      await server.restart({ crash: spans.length % 2 === 0, downMs })
      spans.push([fromMs, performance.now()])
    }
  })()
  return {
    done: () => spans.length,
    reached(count: number) {
      reached = count
    },
    async gate(number: number) {
      while (spans.length < restarts && number >= (spans.length + 2) * every) await sleep(2)
    },
    covered: (ms: number) => spans.some(([from, to]) => ms >= from && ms <= to),
    end() {
      over = true
      return ended
    },
  }
}
