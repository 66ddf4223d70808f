import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { sendAll, toRequest } from '../bench/load'
import { digits } from '../bench/part'
import { sizes } from '../bench/payloads'
import { quantile } from '../bench/statistics'
import { deliver, payqiWire } from '../bench/wires'
import type { ScratchServer } from '../chaos/servers'
import { servers } from './candidates'
import { cpuMsOf } from './processes'
import type { Bench, Section } from './section'

const frameworks = ['express', 'fastify', 'hono', 'node'] as const
const kinds = ['memory', 'redis', 'postgres'] as const
const connections = 32

export const nodes: Section = {
  name: 'nodes',
  async run(bench) {
    const rows: Row[] = []
    const remarks: string[] = []
    for (const kind of kinds) {
      if (kind !== 'memory' && !servers[kind].has()) {
        remarks.push(`Not run, this machine has no ${kind}.`)
        continue
      }
      bench.say(kind)
      const server = kind === 'memory' ? undefined : await servers[kind].start()
      try {
        for (const framework of bench.quick ? (['node'] as const) : frameworks)
          rows.push(await measure(framework, kind, 1, server, bench))
        if (kind !== 'memory') rows.push(await measure('node', kind, 2, server, bench))
      } finally {
        await server?.stop()
      }
    }
    return {
      tables: [
        {
          title: `Deliveries of 0.6 KB (PayQI), each a new event, over ${connections} connections on loopback; sender, nodes and store share the processors`,
          head: [
            'node',
            'store',
            'processes',
            'deliveries/s here',
            'p50 ms',
            'p99 ms',
            'CPU µs, node',
            'CPU µs, store',
          ],
          rows: rows.map((row) => [
            row.framework === 'node' ? 'node:http' : row.framework,
            row.kind,
            row.processes,
            Math.round(row.perSecond),
            digits(row.p50),
            digits(row.p99),
            Math.round(row.nodeMicroseconds),
            row.storeMicroseconds === undefined ? '' : Math.round(row.storeMicroseconds),
          ]),
        },
      ],
      remarks,
    }
  },
}

interface Row {
  readonly framework: string
  readonly kind: string
  readonly processes: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** Per delivery. */
  readonly nodeMicroseconds: number
  readonly storeMicroseconds: number | undefined
}

async function measure(
  framework: string,
  kind: string,
  processes: number,
  store: ScratchServer | undefined,
  { serverScript, count }: Bench,
): Promise<Row> {
  const args = [framework, kind, store?.url ?? '']
  const served = await Promise.all(Array.from({ length: processes }, () => start(serverScript, args)))
  const send = async (each: number) => {
    const requests = served.map(() =>
      Array.from({ length: each }, () => toRequest(deliver(payqiWire, 'items', sizes['0.6 KB']))),
    )
    const startedMs = performance.now()
    const loads = await Promise.all(
      served.map(({ port }, at) => sendAll(port, requests[at] ?? [], connections / processes)),
    )
    return { wallMs: performance.now() - startedMs, latenciesMs: loads.flatMap(({ latenciesMs }) => latenciesMs) }
  }
  try {
    const all = count(kind === 'memory' ? 8000 : 2000, 400)
    // Until it is compiled, each of them.
    await send(count(1500, 150))
    const [nodeBefore, storeBefore] = [await cpuOfAll(served), cpuMsOf(store?.pid ?? -1)]
    const { wallMs, latenciesMs } = await send(all / processes)
    const [nodeAfter, storeAfter] = [await cpuOfAll(served), cpuMsOf(store?.pid ?? -1)]
    return {
      framework,
      kind,
      processes,
      perSecond: (all * 1000) / wallMs,
      p50: quantile(latenciesMs, 0.5),
      p99: quantile(latenciesMs, 0.99),
      nodeMicroseconds: ((nodeAfter - nodeBefore) * 1000) / all,
      storeMicroseconds:
        storeAfter === undefined || storeBefore === undefined ? undefined : ((storeAfter - storeBefore) * 1000) / all,
    }
  } finally {
    for (const { child } of served) child.kill()
  }
}

interface Served {
  readonly child: ChildProcess
  readonly port: number
}

async function start(script: string, args: readonly string[]): Promise<Served> {
  const child = fork(script, args, { execArgv: [] })
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${args[0]} ended at once.`)))
  const [port] = await Promise.race([once(child, 'message'), ended])
  // From here on its end is no surprise.
  ended.catch(() => {})
  return { child, port: Number(port) }
}

async function cpuOfAll(served: readonly Served[]): Promise<number> {
  const used = served.map(async ({ child }) => {
    const answer = once(child, 'message')
    child.send('cpu')
    const [{ user, system }] = await answer
    return (user + system) / 1000
  })
  return (await Promise.all(used)).reduce((sum, ms) => sum + ms, 0)
}
