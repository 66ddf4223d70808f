import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'
import type { Answer } from './server'
import { sleep } from './shop'

const root = fileURLToPath(new URL('../..', import.meta.url))
const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill()
})

/** Starts a file as a process of its own, which ends with the test. */
export function run(file: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root, env: { ...process.env, ...env } })
  started.push(child)
  const output = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output.text += chunk.toString()))
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve))
  return { output, exit, stop: () => child.kill('SIGTERM') }
}

/** Asks until somebody answers. */
export async function insist(send: () => Promise<Answer>): Promise<Answer> {
  for (let i = 0; i < 200; i++) {
    const answer = await send().catch(() => undefined)
    if (answer !== undefined) return answer
    await sleep(50)
  }
  throw new Error('it never answered')
}
