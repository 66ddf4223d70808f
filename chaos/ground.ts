import { once } from 'node:events'
import { connect } from 'node:net'
import type { Bench } from './scenario'
import { type ScratchServer, startMariadb, startPostgres, startRedis } from './servers'

type Urls = Bench['urls']

const usual: readonly (readonly [keyof Urls, string | undefined, string, () => Promise<ScratchServer>])[] = [
  ['redis', process.env['REDIS_URL'], 'redis://127.0.0.1:6379', startRedis],
  ['postgres', process.env['POSTGRES_URL'], 'postgres://postgres@127.0.0.1:5432/test', startPostgres],
  ['mysql', process.env['MYSQL_URL'], 'mysql://root@127.0.0.1:3306/test', startMariadb],
]

/** The servers to run on: as the environment says, where they usually are, or else our own. */
export async function findGround(): Promise<{ urls: Urls; end(): Promise<void> }> {
  const started: ScratchServer[] = []
  const urls: Record<keyof Urls, string> = { redis: '', postgres: '', mysql: '' }
  for (const [name, given, address, start] of usual) {
    const url = given ?? address
    if (await answers(url)) urls[name] = url
    else if (given !== undefined) throw new Error(`Nobody answers at ${given}.`)
    else {
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
