import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend } from '../backends/backend'
import type { ServeJob } from '../jobs'

/** What every handler here does: some work, its effect, some more work. Stops when it is told that it is late. */
export async function act(
  { effect }: Pick<Backend, 'effect'>,
  { pace: { beforeMs, afterMs, random }, fault, runsFile, noEffect = false }: Shop,
  run: { id: string; attempt: number; tx: unknown; signal?: AbortSignal },
): Promise<void> {
  if (runsFile !== undefined) appendFileSync(runsFile, `${run.id} ${run.attempt}\n`)
  const part = () => (random ? Math.random() : 1)
  const options = run.signal === undefined ? {} : { signal: run.signal }
  if (beforeMs > 0) await sleep(beforeMs * part(), undefined, options)
  if (fault === 'neverRenewsAndThrows') throw new Error('The handler fails, as it was told to.')
  if (fault !== 'losesEffects' && !noEffect) await effect(run.id, run.tx)
  if (afterMs > 0) await sleep(afterMs * part())
}

type Shop = Pick<ServeJob, 'pace' | 'fault' | 'runsFile' | 'noEffect'>
