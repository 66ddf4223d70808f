import { answers } from '../../chaos/ground'
import {
  hasMariadb,
  hasNats,
  hasPostgres,
  hasRedis,
  type ScratchServer,
  startMariadb,
  startNats,
  startPostgres,
  startRedis,
} from '../../chaos/servers'
import { forgetCounts, readCounts } from './said'

const kinds = [
  ['REDIS_URL', 'redis://127.0.0.1:6379', hasRedis, startRedis],
  ['POSTGRES_URL', 'postgres://postgres@127.0.0.1:5432/test', hasPostgres, startPostgres],
  ['MYSQL_URL', 'mysql://root@127.0.0.1:3306/test', hasMariadb, startMariadb],
  ['NATS_URL', 'nats://127.0.0.1:4222', hasNats, startNats],
  // One of its own takes half a minute and a node name that nobody else has.
  ['RABBITMQ_URL', 'amqp://guest:guest@127.0.0.1:5672', () => false, undefined],
] as const

/**
 * Before all tests: where the environment says, where such servers usually are, or else one from PATH on a free port with its
 * data in a scratch folder. `PAYPROOF_SERVERS=own` starts them in any case. Leaves the address in the environment.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const started: ScratchServer[] = []
  forgetCounts()
  for (const [variable, usual, has, start] of kinds) {
    const own = process.env['PAYPROOF_SERVERS'] === 'own'
    const found = own ? undefined : await firstReachable(process.env[variable] ?? '', usual)
    const server = found === undefined && has() ? await start?.() : undefined
    if (server !== undefined) started.push(server)
    process.env[variable] = found ?? server?.url ?? ''
  }
  return async () => {
    await Promise.all(started.map((server) => server.stop()))
    const { files, texts, needles, hits } = readCounts()
    console.log(
      `said in ${files} test files: ${texts} texts, searched for ${needles} secrets and right signatures, ${hits} hits`,
    )
  }
}

async function firstReachable(...urls: string[]): Promise<string | undefined> {
  for (const url of urls) if (url !== '' && (await answers(url))) return url
  return undefined
}
