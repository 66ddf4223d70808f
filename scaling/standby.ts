import { execFile } from 'node:child_process'
import { chownSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import pg from 'pg'
import { findBinary, needBinary } from '../chaos/binaries'
import { freePort, startDaemon } from '../chaos/daemon'
import { notRoot, type ScratchServer, startRedis } from '../chaos/servers'
import type { Link } from './link'

const run = promisify(execFile)

/** A replica that hears from its primary over the link alone, and has all that there is so far. */
export async function startReplica(primary: ScratchServer, link: Link): Promise<ScratchServer> {
  const replica = await startRedis(['--replicaof', '127.0.0.1', String(link.port)])
  const client = new Redis(primary.url)
  try {
    await until(async () => /state=online/.test(await client.info('replication')))
  } finally {
    client.disconnect()
  }
  return replica
}

export async function promoteReplica(replica: ScratchServer): Promise<void> {
  const client = new Redis(replica.url)
  await client.replicaof('NO', 'ONE').finally(() => client.disconnect())
}

export const hasStandby = (): boolean => findBinary('pg_basebackup') !== undefined

/** A standby of a PostgreSQL server, streaming over the link alone. */
export async function startStandby(primary: ScratchServer, link: Link): Promise<ScratchServer> {
  const [port, account] = [await freePort(), notRoot('postgres')]
  const folder = mkdtempSync(join(tmpdir(), 'payproof-server-'))
  if (account !== undefined) chownSync(folder, account.uid, account.gid)
  const [data, url] = [join(folder, 'data'), `postgres://postgres@127.0.0.1:${port}/postgres`]
  const from = ['-h', '127.0.0.1', '-p', String(link.port), '-U', 'postgres']
  await run(needBinary('pg_basebackup'), ['-D', data, ...from, '-R', '-c', 'fast', '--no-sync'], {
    cwd: folder,
    ...account,
  })
  const network = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
  const standby = await startDaemon({
    url,
    folder,
    command: needBinary('postgres'),
    args: ['-D', data, ...network],
    account,
    politely: 'SIGINT',
    crash: 'SIGQUIT',
    ask: () => ask(url, 'SELECT 1'),
  })
  await until(async () => (await ask(primary.url, `SELECT FROM pg_stat_replication WHERE state = 'streaming'`)) === 1)
  return standby
}

export const promoteStandby = (standby: ScratchServer) => ask(standby.url, 'SELECT pg_promote()')

/** From now on a commit waits for the standby. */
export async function waitForStandby(primary: ScratchServer): Promise<void> {
  await ask(primary.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
  await ask(primary.url, 'SELECT pg_reload_conf()')
  const sync = `SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`
  await until(async () => (await ask(primary.url, sync)) === 1)
}

/** Runs one statement and gives how many rows it had. */
async function ask(connectionString: string, text: string): Promise<number> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(text)).rowCount ?? 0
  } finally {
    await client.end().catch(() => {})
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const giveUpMs = performance.now() + 30_000
  while (!(await holds())) {
    if (performance.now() > giveUpMs) throw new Error('The replica does not follow its primary.')
    await sleep(25)
  }
}

/** As if the machine were gone: no signal that a process could answer. */
export async function kill(server: ScratchServer): Promise<void> {
  process.kill(server.pid, server.url.startsWith('redis') ? 'SIGKILL' : 'SIGQUIT')
  await server.stop()
}
