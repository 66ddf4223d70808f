import { type ScratchServer, startPostgres, startRedis } from '../chaos/servers'
import { deliverThrough, type Told, underWay } from './deliveries'
import { type Link, openLink } from './link'
import { postgresShop, redisShop } from './shops'
import { kill, promoteReplica, promoteStandby, startReplica, startStandby, waitForStandby } from './standby'

export interface Trial {
  readonly name: string
  readonly on: 'redis' | 'postgres'
  /** How much of what was acknowledged may be gone. */
  readonly mayForget: number
  /** Effects are written in the transaction that completes their event. */
  readonly transaction: boolean
  /** Left out of a quick run. */
  readonly slow: boolean
  run(count: number): Promise<Told>
}

const any = Number.POSITIVE_INFINITY

export const trials: readonly Trial[] = [
  redisTrial('Redis, replica', 0),
  redisTrial('Redis, replica, `waitReplicas: 1`', 1),
  postgresTrial('PostgreSQL, asynchronous standby, lease mode', { transaction: false, synchronous: false }),
  postgresTrial('PostgreSQL, asynchronous standby, transactions', { transaction: true, synchronous: false }),
  postgresTrial('PostgreSQL, synchronous standby, transactions', { transaction: true, synchronous: true }),
  crashTrial('PostgreSQL killed, `synchronous_commit` on, transactions', 'on'),
  crashTrial('PostgreSQL killed, `synchronous_commit` off, transactions', 'off'),
]

function redisTrial(name: string, waitReplicas: number): Trial {
  const run = async (count: number) => {
    // Its first replica need not wait for others.
    const primary = await startRedis(['--repl-diskless-sync-delay', '0'])
    return withReplica(primary, startReplica, (link, replica) => {
      const shop = redisShop(primary.url, waitReplicas)
      return deliverThrough(count, shop, {
        halfway: () => link.cut(),
        async failOver() {
          await kill(primary)
          await promoteReplica(replica)
          return redisShop(replica.url, 0, shop.done)
        },
      })
    })
  }
  // Whoever was between claim and completion at the cut: the handler has succeeded, and so it was answered 200.
  return { name, on: 'redis', mayForget: waitReplicas > 0 ? underWay : any, transaction: false, slow: false, run }
}

function postgresTrial(name: string, mode: { transaction: boolean; synchronous: boolean }): Trial {
  const run = async (count: number) => {
    const primary = await startPostgres()
    const shop = await postgresShop(primary.url, mode.transaction)
    return withReplica(primary, startStandby, async (link, standby) => {
      if (mode.synchronous) await waitForStandby(primary)
      return deliverThrough(count, shop, {
        halfway: () => link.cut(),
        async failOver() {
          await kill(primary)
          await promoteStandby(standby)
          return postgresShop(standby.url, mode.transaction, shop.done)
        },
      })
    })
  }
  const mayForget = mode.synchronous ? 0 : any
  return { name, on: 'postgres', mayForget, transaction: mode.transaction, slow: !mode.transaction, run }
}

function crashTrial(name: string, synchronousCommit: 'on' | 'off'): Trial {
  const run = async (count: number) => {
    const server = await startPostgres(['-c', `synchronous_commit=${synchronousCommit}`])
    try {
      const shop = await postgresShop(server.url, true)
      return await deliverThrough(count, shop, {
        halfway() {},
        async failOver() {
          await server.restart({ crash: true })
          return postgresShop(server.url, true, shop.done)
        },
      })
    } finally {
      await server.stop()
    }
  }
  const mayForget = synchronousCommit === 'on' ? 0 : any
  return { name, on: 'postgres', mayForget, transaction: true, slow: true, run }
}

async function withReplica<T>(
  primary: ScratchServer,
  start: (primary: ScratchServer, link: Link) => Promise<ScratchServer>,
  work: (link: Link, replica: ScratchServer) => Promise<T>,
): Promise<T> {
  const link = await openLink(Number(new URL(primary.url).port))
  try {
    const replica = await start(primary, link)
    return await work(link, replica).finally(() => replica.stop())
  } finally {
    await primary.stop()
    await link.close()
  }
}
