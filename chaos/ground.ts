import { once } from 'node:events'
import { connect } from 'node:net'
import {
  hasMariadb,
  hasPostgres,
  hasRedis,
  type ScratchServer,
  startMariadb,
  startPostgres,
  startRedis,
} from './servers'

const servers = {
  redis: ['REDIS_URL', 'redis://127.0.0.1:6379', hasRedis, startRedis],
  postgres: ['POSTGRES_URL', 'postgres://postgres@127.0.0.1:5432/test', hasPostgres, startPostgres],
  mysql: ['MYSQL_URL', 'mysql://root@127.0.0.1:3306/test', hasMariadb, startMariadb],
} as const

export type ServerName = keyof typeof servers

export interface Ground<Name extends ServerName = ServerName> {
  /** Without those that answer nowhere and cannot be started. */
  readonly urls: Readonly<Partial<Record<Name, string>>>
  end(): Promise<void>
}

/** The servers to run on: as the environment says, where they usually are, or else our own. */
export async function findGround<Name extends ServerName>(names: readonly Name[]): Promise<Ground<Name>> {
  const started: ScratchServer[] = []
  const urls: Partial<Record<Name, string>> = {}
  for (const name of names) {
    const [variable, usual, has, start] = servers[name]
    const given = process.env[variable]
    if (await answers(given ?? usual)) urls[name] = given ?? usual
    else if (given !== undefined) throw new Error(`Nobody answers at ${given}.`)
    else if (has()) {
      const server = await start()
      started.push(server)
      urls[name] = server.url
    }
  }
  return {
    urls,
    async end() {
      await Promise.all(started.map((server) => server.stop()))
    },
  }
}

/** Whether somebody takes connections there. */
export async function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const late = setTimeout(() => socket.destroy(new Error('silent')), 5000)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    clearTimeout(late)
    socket.destroy()
  }
}
