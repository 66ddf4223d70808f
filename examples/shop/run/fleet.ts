import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Process } from './processes'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Processes that were started here: only these are ever ended, each by its own handle. */
export interface Fleet {
  /** Resolves once it says that it is ready. */
  start(process: Process): Promise<void>
  /** Ends it, and then starts another in its place, as whatever watches over it in production would. */
  restart(name: string, signal: NodeJS.Signals): Promise<void>
  /** Gives the code that it ended with; null where the signal ended it. */
  stop(name: string, signal: NodeJS.Signals): Promise<number | null>
  end(): Promise<void>
}

/** What they say goes to a file each in this folder. */
export function createFleet(folder: string): Fleet {
  const running = new Map<string, { readonly process: Process; readonly child: ChildProcess }>()
  const killAll = () => {
    for (const { child } of running.values()) child.kill('SIGKILL')
  }
  process.once('exit', killAll)

  async function start(process: Process): Promise<void> {
    const child = launch(process, join(folder, `${process.name}.log`))
    running.set(process.name, { process, child })
    const [how] = await Promise.race([once(child, 'message'), once(child, 'exit')])
    // One that only makes the tables ends by itself, with 0.
    if (how !== 'ready' && how !== 0)
      throw new Error(`${process.name} did not start (${how}): see ${folder}/${process.name}.log`)
  }

  async function stop(name: string, signal: NodeJS.Signals): Promise<number | null> {
    const found = running.get(name)
    if (found === undefined) throw new Error(`There is no ${name}.`)
    running.delete(name)
    const { child } = found
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    return child.exitCode
  }

  return {
    start,
    stop,
    async restart(name, signal) {
      const process = running.get(name)?.process
      await stop(name, signal)
      if (process !== undefined) await start(process)
    },
    async end() {
      await Promise.all(Array.from(running.keys(), (name) => stop(name, 'SIGTERM')))
      process.removeListener('exit', killAll)
    },
  }
}

function launch({ script, env }: Process, log: string): ChildProcess {
  const says = openSync(log, 'a')
  try {
    return spawn(process.execPath, ['--import', 'tsx', `examples/shop/${script}`], {
      cwd: root,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', says, says, 'ipc'],
    })
  } finally {
    closeSync(says)
  }
}
