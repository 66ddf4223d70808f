import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Delivery, dated } from './deliveries'

export interface SenderSettings {
  readonly deliveries: readonly Delivery[]
  /** How many events are under way at once. */
  readonly lanes: number
  /** How often each is sent at once. */
  readonly copies: number
  /** Where this copy goes at this try, counted from 0; `undefined`: nobody is there, which is a try too. */
  readonly port: (lane: number, copy: number, attempt: number) => number | undefined
  readonly pauseMs?: (attempt: number) => number
  readonly maxTries?: number
  readonly onAnswer?: (answer: Answer) => void
  /** Held up before each event, counted from 1, until this resolves. */
  readonly gate?: (number: number) => Promise<void>
  /** After each event, acknowledged or given up. */
  readonly onEvent?: (count: number) => void
}

export interface Answer {
  readonly id: string
  /** 0: none, the connection broke. */
  readonly status: number
  readonly sentMs: number
  readonly tookMs: number
}

/** What the sender saw. */
export interface Sent {
  /** Answered 200, whichever copy. */
  readonly acknowledged: ReadonlySet<string>
  /** Copies that no try got a 200 for. */
  readonly givenUp: number
  readonly answers: ReadonlyMap<number, number>
}

/** A provider: sends each event, several times at once if told to, and each copy again until it reads 200. */
export async function send(settings: SenderSettings): Promise<Sent> {
  const { deliveries, lanes, copies, onAnswer = () => {}, onEvent = () => {}, gate } = settings
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const acknowledged = new Set<string>()
  const answers = new Map<number, number>()
  let [next, done, givenUp] = [0, 0, 0]
  const note = (answer: Answer) => {
    answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1)
    if (answer.status === 200) acknowledged.add(answer.id)
    onAnswer(answer)
  }
  async function lane(number: number): Promise<void> {
    for (let delivery = deliveries[next++]; delivery !== undefined; delivery = deliveries[next++]) {
      const each = delivery
      await gate?.(next)
      const ends = Array.from({ length: copies }, (_, copy) => persist(settings, agent, each, number, copy, note))
      givenUp += (await Promise.all(ends)).filter((through) => !through).length
      onEvent(++done)
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  agent.destroy()
  return { acknowledged, givenUp, answers }
}

/** One copy, until it is acknowledged. `false`: given up. */
async function persist(
  { port, pauseMs = () => 20, maxTries = 2000 }: SenderSettings,
  agent: Agent,
  delivery: Delivery,
  lane: number,
  copy: number,
  note: (answer: Answer) => void,
): Promise<boolean> {
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const to = port(lane, copy, attempt)
    if (to !== undefined) {
      const sentMs = performance.now()
      const status = await post(agent, to, delivery)
      note({ id: delivery.id, status, sentMs, tookMs: performance.now() - sentMs })
      if (status === 200) return true
      // Nothing that is sent here is forged or broken: no promise could be measured.
      if (status >= 400 && status < 500 && status !== 409) throw new Error(`A genuine delivery was answered ${status}.`)
    }
    await sleep(pauseMs(attempt))
  }
  return false
}

export function post(agent: Agent | undefined, port: number, delivery: Delivery): Promise<number> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, method: 'POST', headers: dated(delivery), ...(agent && { agent }) }
    const req = request(options, (res) => {
      res.resume().on('end', () => resolve(res.statusCode ?? 0))
      res.on('error', () => resolve(0))
    })
    req.on('error', () => resolve(0)).end(delivery.body)
  })
}
