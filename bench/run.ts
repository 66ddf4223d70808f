import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Part, Result } from './part'
import { flags, type PartName } from './parts'
import type { Message, Order } from './worker'

/** A part and what came of it. */
export interface Finding extends Result {
  readonly part: Omit<Part, 'run'>
  readonly seconds: number
  /** Why it did not come to its end. */
  readonly failed?: string
}

/** No part takes nearly as long: something hangs. */
const giveUpMinutes = 20

/** Measures one part in a fresh process, so that no part runs on what another one left behind. */
export async function runPart(
  folder: string,
  order: Order & { part: PartName },
  say: (text: string) => void,
): Promise<Finding> {
  const startedMs = Date.now()
  const seconds = () => Math.round((Date.now() - startedMs) / 1000)
  const child = fork(join(folder, 'worker.mjs'), {
    execArgv: [...(flags[order.part] ?? [])],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const end = () => child.kill()
  process.once('exit', end)
  const late = setTimeout(end, giveUpMinutes * 60_000)
  let part: Finding['part'] = { name: order.part, question: '', method: '' }
  let result: Result | undefined
  child.on('message', (message: Message) => {
    if (message.type === 'about') part = message.part
    else if (message.type === 'found') result = message.result
    else say(`${String(seconds()).padStart(5)} s  ${message.text}`)
  })
  child.send(order)
  const [code, signal] = await once(child, 'exit')
  clearTimeout(late)
  process.removeListener('exit', end)
  const why = `it ended with ${signal ?? code} and no result, after ${seconds()} s`
  const failed = result === undefined ? { failed: why } : {}
  return { tables: [], ...result, ...failed, part, seconds: seconds() }
}
