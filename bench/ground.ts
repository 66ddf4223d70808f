import { answers } from '../chaos/ground'
import { hasPostgres, hasRedis, type ScratchServer, startPostgres, startRedis } from '../chaos/servers'
import type { Bench } from './part'

const usual = [
  ['redis', 'redis://127.0.0.1:6379', hasRedis, startRedis],
  ['postgres', 'postgres://postgres@127.0.0.1:5432/test', hasPostgres, startPostgres],
] as const

/** The servers to measure against: as the environment says, where they usually are, our own, or none. */
export async function findGround(): Promise<{ urls: Bench['urls']; end(): Promise<void> }> {
  const started: ScratchServer[] = []
  const urls: { redis?: string; postgres?: string } = {}
  for (const [name, address, has, start] of usual) {
    const given = process.env[`${name.toUpperCase()}_URL`]
    if (await answers(given ?? address)) urls[name] = given ?? address
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
