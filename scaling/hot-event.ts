import { Redis } from 'ioredis'
import type { IdempotencyStore } from 'payproof'
import pg from 'pg'
import { quantile } from '../bench/statistics'
import { openPostgres, openRedis } from './candidates'
import { handle, inLanes, keyOf, meetAgain } from './lanes'
import type { Bench } from './section'
import { walOf } from './wal'

export const copies = 1000

export interface Times {
  readonly p50: number
  readonly p99: number
}

export interface Found {
  readonly name: string
  readonly alone: Times
  readonly beside: Times
  readonly hot: Times
  readonly hotPerSecond: number
  /** Bytes that copies of a handled event added to the log of the server. */
  readonly written: number
  readonly atOnce: { readonly acquired: number; readonly inProgress: number } & Times
}

export async function measureHot(kind: 'redis' | 'postgres', url: string, bench: Bench): Promise<Found> {
  const opened = kind === 'redis' ? await openRedis(url) : await openPostgres(url, { prepare: true })
  const { store } = opened
  const others = (group: string) => inLanes(bench.count(2000, 400), 16, (at) => handle(store, keyOf(at, group)))
  const key = keyOf(0, 'hot')
  try {
    await others('warm')
    const alone = await others('alone')
    const atOnce = await claimAtOnce(store, key)
    const copy = () => meetAgain(store, key)
    const log = kind === 'redis' ? logOfRedis : quietWalOf
    const before = await log(url)
    await inLanes(copies, 64, copy)
    const written = (await log(url)) - before
    const lasting = copiesUntil(copy)
    const beside = await others('beside')
    const again = await lasting.end()
    return {
      name: kind === 'redis' ? 'Redis' : 'PostgreSQL',
      alone: timesOf(alone.latenciesMs),
      beside: timesOf(beside.latenciesMs),
      hot: timesOf(again.latenciesMs),
      hotPerSecond: (again.latenciesMs.length * 1000) / again.wallMs,
      written,
      atOnce,
    }
  } finally {
    await opened.close()
  }
}

const timesOf = (latenciesMs: readonly number[]): Times => ({
  p50: quantile(latenciesMs, 0.5),
  p99: quantile(latenciesMs, 0.99),
})

/** All copies of a new event at the same moment; then it is handled. */
async function claimAtOnce(store: IdempotencyStore, key: string): Promise<Found['atOnce']> {
  const claims: Awaited<ReturnType<IdempotencyStore['claim']>>[] = []
  const { latenciesMs } = await inLanes(copies, copies, async () => claims.push(await store.claim(key, 60)))
  const of = (state: string) => claims.filter((claim) => claim.state === state)
  const [owner] = claims.filter((claim) => claim.state === 'acquired')
  if (owner !== undefined) await store.complete(key, owner.token, 604_800)
  return { acquired: of('acquired').length, inProgress: of('in_progress').length, ...timesOf(latenciesMs) }
}

/** Copies again and again, 64 under way, until the others are done. */
function copiesUntil(copy: () => Promise<void>) {
  let ended = false
  const latenciesMs: number[] = []
  const startedMs = performance.now()
  const lane = async () => {
    while (!ended) {
      const beganMs = performance.now()
      await copy()
      latenciesMs.push(performance.now() - beganMs)
    }
  }
  const lanes = Promise.all(Array.from({ length: 64 }, lane))
  return {
    async end() {
      ended = true
      await lanes
      return { latenciesMs, wallMs: performance.now() - startedMs }
    },
  }
}

async function logOfRedis(url: string): Promise<number> {
  const client = new Redis(url)
  const info = await client.info('persistence').finally(() => client.disconnect())
  return Number(/aof_current_size:(\d+)/.exec(info)?.[1])
}

/** After a checkpoint, so that nothing but what is asked for is written; a first read may set hint bits. */
async function quietWalOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('SELECT count(*) FROM payproof_events').finally(() => client.end())
  return walOf(url)
}
