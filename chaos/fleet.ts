import { type ChildProcess, spawn } from 'node:child_process'
import { workerScript } from './build'
import type { Job } from './jobs'

/** A process of ours. */
export interface Worker {
  readonly pid: number
  /** Where it listens; 0 if it does not. */
  readonly port: number
  readonly ended: Promise<number | NodeJS.Signals>
  /** Asks it to do something, and waits for its answer. */
  ask<Answer>(question: object): Promise<Answer>
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export async function startWorker(job: Job): Promise<Worker> {
  const script = await workerScript()
  const child = spawn(process.execPath, [script, JSON.stringify(job)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  running.add(child)
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal ?? 1)
    })
  })
  const waiting = new Map<number, (answer: unknown) => void>()
  let asked = 0
  const ask = <Answer>(question: object) =>
    Promise.race([
      new Promise<Answer>((resolve) => {
        waiting.set(++asked, resolve as (answer: unknown) => void)
        child.send({ number: asked, question }, () => {})
      }),
      ended.then((how) => Promise.reject(new Error(`The worker ended: ${how}`))),
    ])
  child.on('message', ({ number, answer }: { number: number; answer: unknown }) => {
    waiting.get(number)?.(answer)
    waiting.delete(number)
  })
  const port = await Promise.race([
    new Promise<number>((resolve) => waiting.set(0, resolve as (answer: unknown) => void)),
    ended.then((how) => Promise.reject(new Error(`A worker did not start: ${how}`))),
  ])
  return {
    pid: child.pid ?? 0,
    port,
    ended,
    ask,
    kill(signal) {
      child.kill(signal)
      return ended
    },
  }
}

/** Workers that do the same, each in a slot that is filled again when its worker is killed. */
export interface Fleet {
  readonly size: number
  /** Where the worker in this slot listens; `undefined` while there is none. */
  port(slot: number): number | undefined
  workers(): readonly Worker[]
  /** kill -9 of any one, and another in its place. */
  killOne(): Promise<void>
  end(): Promise<void>
}

export async function startFleet(job: Job, size: number): Promise<Fleet> {
  const slots: (Worker | undefined)[] = await Promise.all(Array.from({ length: size }, () => startWorker(job)))
  const workers = () => slots.filter((worker) => worker !== undefined)
  return {
    size,
    port: (slot) => slots[slot]?.port,
    workers,
    async killOne() {
      const slot = Math.floor(Math.random() * size)
      const worker = slots[slot]
      slots[slot] = undefined
      await worker?.kill('SIGKILL')
      slots[slot] = await startWorker(job)
    },
    async end() {
      await Promise.all(workers().map((worker) => worker.kill('SIGKILL')))
    },
  }
}
