import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from 'payproof/testing'
import type { ShopEvent } from './events'

/** One delivery and its answer, as the provider saw it. */
export interface Attempt {
  readonly event: ShopEvent
  /** How often this delivery was sent before. */
  readonly tries: number
  /** 0: the connection was refused or broke. -1: no answer within ten seconds. */
  readonly status: number
  /** Whether the proxy answered by itself: no web process took the delivery. */
  readonly byProxy: boolean
  readonly sentMs: number
  readonly tookMs: number
}

/** Sends as the providers do: again until it reads 200, but CasPay once. */
export interface Sender {
  /** Sends these at an even rate, whatever becomes of those before. Resolves when all were sent once. */
  send(events: readonly ShopEvent[], perSecond: number): Promise<void>
  /** Resolves when nothing is sent again any more. */
  settled(): Promise<void>
  /** Events that are neither acknowledged nor given up. */
  readonly open: number
  close(): void
}

const giveUpMs = 10_000

export function createSender(url: string, note: (attempt: Attempt) => void): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const under = new Set<Promise<void>>()

  async function persist(event: ShopEvent): Promise<void> {
    const delivery = event.delivery()
    for (let tries = 0; ; tries++) {
      const sentMs = performance.now()
      const answer = await post(agent, `${url}/webhooks/${event.provider}`, delivery)
      note({ event, tries, ...answer, sentMs, tookMs: performance.now() - sentMs })
      // CasPay calls once.
      if (answer.status === 200 || event.provider === 'caspay') return
      await sleep(Math.min(2000, 250 * 2 ** tries) * (0.75 + Math.random() / 2))
    }
  }

  function begin(event: ShopEvent): void {
    for (let copy = 0; copy < event.copies; copy++) {
      const persisting = persist(event).finally(() => under.delete(persisting))
      under.add(persisting)
    }
  }

  return {
    async send(events, perSecond) {
      const startedMs = performance.now()
      for (let sent = 0; sent < events.length; await sleep(4)) {
        const due = Math.min(events.length, Math.ceil(((performance.now() - startedMs) / 1000) * perSecond))
        for (const event of events.slice(sent, due)) begin(event)
        sent = Math.max(sent, due)
      }
    },
    async settled() {
      while (under.size > 0) await Promise.race(under)
    },
    get open() {
      return under.size
    },
    close: () => agent.destroy(),
  }
}

type Answer = Pick<Attempt, 'status' | 'byProxy'>

function post(agent: Agent, url: string, { headers, body }: Delivery): Promise<Answer> {
  return new Promise((resolve) => {
    let status = 0
    const outgoing = request(url, {
      agent,
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    })
    const broken = () => resolve({ status, byProxy: true })
    const late = setTimeout(() => {
      status = -1
      outgoing.destroy()
    }, giveUpMs)
    outgoing.once('close', () => clearTimeout(late))
    outgoing.on('error', broken)
    outgoing.on('response', (answer) => {
      const byProxy = answer.headers.server === 'proxy'
      answer.on('error', broken)
      answer.resume().on('end', () => resolve({ status: answer.statusCode ?? 0, byProxy }))
    })
    outgoing.end(body)
  })
}
