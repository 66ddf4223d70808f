import type { IdempotencyStore, ReceiverOptions, WebhookEvent } from '../../src'
import { memoryStore } from '../../src'
import { type Host, hosts, type Mount, type Sent } from '../adapters/hosts'
import { type Answer, parseAnswer, post, raw } from '../support/server'
import { createShop } from '../support/shop'
import type { Expectation, Try, Verdict } from './attack'

export type Deployment = Partial<ReceiverOptions<WebhookEvent>> & {
  before?: Mount['before']
  handle?: (event: WebhookEvent) => unknown
  path?: '/hook' | '/verify'
}
export type Way = 'in process' | 'socket'

/** One receiver behind one adapter, its handler and store watched. */
export interface Stage {
  /** Sends, and says what that did. */
  send(sent: Sent): Promise<Verdict>
  /** Writes bytes to the socket as they are. */
  write(parts: readonly string[], options?: { pauseMs?: number; waitMs?: number }): Promise<Verdict>
  close(): Promise<void>
}

/** A store that counts what it is asked and what it grants. */
export function watch(store: IdempotencyStore) {
  const seen = { calls: 0, granted: 0 }
  const watched: IdempotencyStore = {
    ...store,
    async claim(...values) {
      seen.calls++
      const claim = await store.claim(...values)
      if (claim.state === 'acquired') seen.granted++
      return claim
    },
  }
  return { watched, seen }
}

export async function openStage(host: Host, way: Way, deployment: Deployment = {}): Promise<Stage> {
  const { before, handle = () => {}, path = '/hook', ...options } = deployment
  const { watched, seen } = watch(options.store ?? memoryStore())
  const { receiver, reports } = createShop<undefined>({ ...options, store: watched })
  let runs = 0
  const mount: Mount = {
    receiver,
    before,
    handler: (event) => {
      runs++
      return handle(event)
    },
  }
  const server = way === 'socket' ? await host.listen(mount) : undefined
  const inject = server === undefined ? await host.inject(mount) : undefined

  async function judge(act: () => Promise<Answer>): Promise<Verdict> {
    const earlier = { runs, ...seen }
    const { status, body } = await act()
    const report = reports.filter(({ type }) => type === 'delivery').at(-1)
    const code = report?.type === 'delivery' ? (report.code ?? report.outcome) : ''
    // What follows `verify` says so in its answer.
    const passed = body.startsWith('{"verified"') ? 1 : 0
    const stored = seen.granted - earlier.granted
    return {
      status,
      code,
      body,
      handlerRuns: runs - earlier.runs + passed,
      stored,
      storeCalls: seen.calls - earlier.calls,
    }
  }

  return {
    send: (sent) =>
      judge(async () => (server ? post(server.url + path, sent) : ((await inject?.(path, sent)) ?? nothing))),
    write: (parts, waiting) =>
      judge(async () => (server ? parseAnswer(await raw(server.port, parts, waiting)) : nothing)),
    close: async () => server?.close(),
  }
}

const nothing: Answer = { status: 0, headers: {}, body: '' }

async function bytesOf(body: Sent['body']): Promise<string | Uint8Array> {
  if (typeof body === 'string') return body
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** No adapter: the receiver as a custom one would call it. */
export const direct: Host = {
  name: 'receiver',
  listen: () => Promise.reject(new Error('there is no socket')),
  inject: async ({ receiver, handler }) => {
    return async (_path, { method, headers, body }) => {
      const { reply } = await receiver.receive({ method, headers: [...headers], body: await bytesOf(body) }, handler)
      return { status: reply.status, headers: reply.headers, body: reply.body }
    }
  },
}

export const everyHost: readonly Host[] = [direct, ...hosts]
/** Where bytes can be written to a socket: a gateway stands before Lambda. */
export const nodeHosts: readonly Host[] = hosts.filter(({ name }) => !name.startsWith('lambda'))

interface Where {
  readonly hosts?: readonly Host[]
  readonly way?: Way
  readonly control?: boolean
}

/** The same delivery to each host, each with a receiver of its own. */
export function onHosts(
  name: string,
  expected: Expectation,
  sent: () => Sent,
  deployment: Deployment = {},
  { hosts: chosen = everyHost, way = 'in process', control = false }: Where = {},
): Try[] {
  return chosen.map((host) => ({
    name: `${name}, ${host.name}`,
    expected,
    control,
    play: async () => withStage(host, way, deployment, (stage) => stage.send(sent())),
  }))
}

/** One delivery to a receiver without an adapter. */
export function directly(name: string, expected: Expectation, sent: () => Sent, deployment: Deployment = {}): Try {
  return { name, expected, play: () => withStage(direct, 'in process', deployment, (stage) => stage.send(sent())) }
}

/** Bytes on a socket of each host that has one. */
export function onSockets(
  name: string,
  expected: Expectation,
  parts: readonly string[],
  deployment: Deployment = {},
  waiting: { pauseMs?: number; waitMs?: number } = {},
): Try[] {
  return nodeHosts.map((host) => ({
    name: `${name}, ${host.name}`,
    expected,
    play: () => withStage(host, 'socket', deployment, (stage) => stage.write(parts, waiting)),
  }))
}

export async function withStage(
  host: Host,
  way: Way,
  deployment: Deployment,
  act: (stage: Stage) => Promise<Verdict>,
): Promise<Verdict> {
  const stage = await openStage(host, way, deployment)
  try {
    return await act(stage)
  } finally {
    await stage.close()
  }
}

export const asControl = (attempt: Try): Try => ({ ...attempt, control: true })
/** A try in which the genuine delivery's own run and claim are due: what counts are those beyond it. */
export const besidesTheGenuine = (attempt: Try): Try => ({
  ...attempt,
  async play() {
    const { storeCalls: _, ...verdict } = await attempt.play()
    return { ...verdict, handlerRuns: verdict.handlerRuns - 1, stored: verdict.stored - 1 }
  },
})
export const taken: Expectation = { status: 200, code: ['processed', 'verified'], handlerRuns: 1, stored: 1 }
