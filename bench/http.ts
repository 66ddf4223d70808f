import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Table } from '../chaos/table'
import { sendAll, toRequest } from './load'
import { inOrder } from './measure'
import { atLeast, atMost, type Bench, type Part, spread, type Target } from './part'
import { sizes } from './payloads'
import { quantile, ratioOf, type Slice } from './statistics'
import { deliver, payqiWire, usualHeaders } from './wires'

const frameworks = [
  { name: 'express', title: 'Express 5', limit: 1.4 },
  { name: 'fastify', title: 'Fastify 5', limit: 1.25 },
  { name: 'hono', title: 'Hono on Node', limit: 1.25 },
  { name: 'node', title: 'node:http', limit: 1.2 },
] as const
const ways = ['payproof', 'by hand'] as const
const connections = 32

export const http: Part = {
  name: 'http',
  question:
    'A whole webhook endpoint with every check and the memory store, beside the hand-written one in the same framework',
  method: `Each server is a process of its own; this one sends, over ${connections} kept connections on bare sockets, deliveries of 0.6 KB (PayQI) signed
beforehand, each a new event. Every round gives each server the same requests, in turn. The hand-written ones use \`express.raw\`, Fastify's \`parseAs: 'buffer'\`,
Hono's \`arrayBuffer()\` and the chunks of \`node:http\`, and check the signature, parse and answer: they neither remember events nor limit time.`,
  async run(bench) {
    const variants = frameworks.flatMap(({ name }) => ways.map((way) => `${name} ${way}`))
    const servers = new Map<string, Served>()
    for (const variant of variants) servers.set(variant, await start(variant))
    try {
      await measure(servers, bench)
    } finally {
      for (const { child } of servers.values()) child.kill()
    }
    return { tables: [toTable(servers)], targets: toTargets(servers) }
  },
}

interface Served {
  readonly child: ChildProcess
  readonly port: number
  /** Per request, the server's CPU. */
  readonly slices: Slice[]
  readonly p99s: Slice[]
}

async function start(variant: string): Promise<Served> {
  const script = fileURLToPath(new URL('http-server.mjs', import.meta.url))
  const child = fork(script, [variant], { execArgv: [] })
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${variant} ended at once.`)))
  const [port] = await Promise.race([once(child, 'message'), ended])
  // From here on its end is no surprise.
  ended.catch(() => {})
  await assertRefuses(variant, Number(port))
  return { child, port: Number(port), slices: [], p99s: [] }
}

/** A server that takes a forgery is not worth measuring. */
async function assertRefuses(variant: string, port: number): Promise<void> {
  const { body } = deliver(payqiWire, 'items', 600)
  const headers = { ...usualHeaders(body), ...payqiWire.sign(body, 'whsec_of_somebody_else_0123456789') }
  // `fetch` makes these two itself.
  const { host: _, 'content-length': __, ...sent } = headers
  const { status } = await fetch(`http://127.0.0.1:${port}/webhook`, {
    method: 'POST',
    headers: sent,
    body: new Uint8Array(body),
  })
  if (status !== 401) throw new Error(`${variant} answered a forgery with ${status}.`)
}

async function measure(servers: ReadonlyMap<string, Served>, { quick, say }: Bench): Promise<void> {
  const [rounds, count] = quick ? [5, 1000] : [25, 2500]
  // The first two rounds warm up. The memory store holds 100,000 events.
  for (let round = -2; round < rounds; round++) {
    if (round % 5 === 0) say(`round ${round} of ${rounds}`)
    const requests = Array.from({ length: count }, () => toRequest(deliver(payqiWire, 'items', sizes['0.6 KB'])))
    for (const [, server] of inOrder([...servers], round + 2)) {
      const before = await cpuOf(server.child)
      const { wallMs, latenciesMs } = await sendAll(server.port, requests, connections)
      const cpuMs = (await cpuOf(server.child)) - before
      if (round < 0) continue
      const p99Ms = quantile(latenciesMs, 0.99)
      server.slices.push({ wallMs: wallMs / count, cpuMs: cpuMs / count })
      server.p99s.push({ wallMs: p99Ms, cpuMs: p99Ms })
    }
  }
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message')
  child.send('cpu')
  const [{ user, system }] = await answer
  return (user + system) / 1000
}

function ratios(servers: ReadonlyMap<string, Served>, name: string) {
  const [ours, theirs] = [servers.get(`${name} payproof`), servers.get(`${name} by hand`)]
  if (ours === undefined || theirs === undefined) throw new Error(`${name} was not measured.`)
  return {
    ours,
    theirs,
    // A rate is the other way round than a time.
    rate: ratioOf(theirs.slices, ours.slices, 'wallMs'),
    cpu: ratioOf(ours.slices, theirs.slices, 'cpuMs'),
    p99: ratioOf(ours.p99s, theirs.p99s, 'wallMs'),
  }
}

function toTable(servers: ReadonlyMap<string, Served>): Table {
  const perSecond = ({ slices }: Served) =>
    Math.round(
      1000 /
        quantile(
          slices.map(({ wallMs }) => wallMs),
          0.5,
        ),
    )
  return {
    title: 'payproof ÷ by hand',
    head: ['', 'requests/s', 'p99', 'server CPU per request', 'requests/s here'],
    rows: frameworks.map(({ name, title }) => {
      const { ours, theirs, rate, cpu, p99 } = ratios(servers, name)
      return [title, spread(rate), spread(p99), spread(cpu), `${perSecond(ours)} to ${perSecond(theirs)}`]
    }),
  }
}

function toTargets(servers: ReadonlyMap<string, Served>): Target[] {
  return frameworks.flatMap(({ name, title, limit }) => {
    const { rate, p99 } = ratios(servers, name)
    return [
      atLeast(`requests/s ÷ by hand, ${title}`, rate.median, limit),
      atMost(`p99 ÷ by hand, ${title}`, p99.median, 1),
    ] satisfies Target[]
  })
}
