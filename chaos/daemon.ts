import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server of its own for one test: on a free port of this machine, its data in a folder that goes with it. */
export interface ScratchServer {
  readonly url: string
  /** Of the server that runs now. */
  readonly pid: number
  /** Ends it and removes its data. */
  stop(): Promise<void>
  /** Ends it, politely or as a crash would, waits so long, and starts it on the same data and port. */
  restart(how?: { crash?: boolean; downMs?: number }): Promise<void>
}

export interface DaemonSettings {
  readonly url: string
  readonly folder: string
  readonly command: string
  readonly args: readonly string[]
  readonly account: Account | undefined
  readonly politely: NodeJS.Signals
  readonly crash: NodeJS.Signals
  /** Rejects until the server answers. */
  readonly ask: () => Promise<unknown>
}

/** Whom to run as, where the server refuses root. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

const startsWithinMs = 60_000

/** Starts a server and waits until it answers. It ends with this process at the latest. */
export async function startDaemon(settings: DaemonSettings): Promise<ScratchServer> {
  const { url, folder, politely, crash } = settings
  let child = await launch(settings)
  const endWithUs = () => {
    child.kill(crash)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once('exit', endWithUs)

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  return {
    url,
    get pid() {
      return child.pid ?? 0
    },
    async stop() {
      await end(politely)
      process.removeListener('exit', endWithUs)
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
    async restart({ crash: crashed = false, downMs = 0 } = {}) {
      await end(crashed ? crash : politely)
      await sleep(downMs)
      child = await launch(settings)
    },
  }
}

async function launch(settings: DaemonSettings): Promise<ChildProcess> {
  const { command, args, folder, account, ask } = settings
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...account })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000)
  })
  const giveUpMs = performance.now() + startsWithinMs
  while (performance.now() < giveUpMs && child.exitCode === null && child.signalCode === null) {
    try {
      await ask()
      return child
    } catch {
      await sleep(50)
    }
  }
  child.kill('SIGKILL')
  throw new Error(`${command} did not start: ${said}`)
}

/** A port below those that systems give to connections: one of these could be taken before anybody listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  const free = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  if (free) await new Promise((closed) => server.close(closed))
  return free
}
