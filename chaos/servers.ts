import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { findBinary, needBinary } from './binaries'
import { type Account, freePort, type ScratchServer, startDaemon } from './daemon'

export type { ScratchServer } from './daemon'

const run = promisify(execFile)
const makeFolder = () => mkdtempSync(join(tmpdir(), 'payproof-server-'))

export function hasRedis(): boolean {
  return findBinary('redis-server', 'valkey-server') !== undefined
}

/** Redis with AOF, so that it comes back with what it was told. */
export async function startRedis(settings: readonly string[] = []): Promise<ScratchServer> {
  const [port, folder] = [await freePort(), makeFolder()]
  const url = `redis://127.0.0.1:${port}`
  const network = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  return startDaemon({
    url,
    folder,
    command: needBinary('redis-server', 'valkey-server'),
    args: [...network, '--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction', ...settings],
    account: undefined,
    politely: 'SIGTERM',
    crash: 'SIGKILL',
    ask: () => askRedis(url),
  })
}

export function hasPostgres(): boolean {
  return findBinary('initdb') !== undefined && findBinary('postgres') !== undefined
}

export async function startPostgres(settings: readonly string[] = []): Promise<ScratchServer> {
  const [port, folder, account] = [await freePort(), makeFolder(), notRoot('postgres')]
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  if (account !== undefined) chownSync(folder, account.uid, account.gid)
  const data = join(folder, 'data')
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  await run(needBinary('initdb'), init, { cwd: folder, ...account })
  const network = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
  return startDaemon({
    url,
    folder,
    command: needBinary('postgres'),
    args: ['-D', data, ...network, ...settings],
    account,
    // SIGTERM waits until the last client has gone; SIGQUIT takes the children along and leaves the log to be recovered.
    politely: 'SIGINT',
    crash: 'SIGQUIT',
    ask: () => askPostgres(url),
  })
}

export function hasNats(): boolean {
  return findBinary('nats-server') !== undefined
}

/** NATS with JetStream, which keeps its streams in files. */
export async function startNats(): Promise<ScratchServer> {
  const [port, folder] = [await freePort(), makeFolder()]
  const url = `nats://127.0.0.1:${port}`
  return startDaemon({
    url,
    folder,
    command: needBinary('nats-server'),
    args: ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder],
    account: undefined,
    politely: 'SIGTERM',
    crash: 'SIGKILL',
    ask: () => askTcp(port),
  })
}

export function hasMariadb(): boolean {
  return findBinary('mariadb-install-db') !== undefined && findBinary('mariadbd') !== undefined
}

export async function startMariadb(): Promise<ScratchServer> {
  const [port, folder] = [await freePort(), makeFolder()]
  const address = `mysql://root@127.0.0.1:${port}`
  const data = join(folder, 'data')
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []
  const init = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db']
  await run(needBinary('mariadb-install-db'), [...init, ...asRoot], { cwd: folder })
  const network = [`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${join(folder, 'socket')}`]
  const files = [`--datadir=${data}`, `--pid-file=${join(folder, 'pid')}`]
  return startDaemon({
    url: `${address}/test`,
    folder,
    command: needBinary('mariadbd'),
    args: ['--no-defaults', ...files, ...network, ...asRoot],
    account: undefined,
    politely: 'SIGTERM',
    crash: 'SIGKILL',
    ask: () => askMysql(address),
  })
}

async function askTcp(port: number): Promise<void> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

async function askRedis(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
  } finally {
    client.disconnect()
  }
}

async function askPostgres(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => {})
  }
}

async function askMysql(uri: string): Promise<void> {
  const connection = await mysql.createConnection({ uri, connectTimeout: 1000 })
  try {
    await connection.query('CREATE DATABASE IF NOT EXISTS test')
  } finally {
    connection.destroy()
  }
}

/** The account of this name if we are root, whom the server refuses. */
export function notRoot(name: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const number = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: number('-u'), gid: number('-g') }
}
