import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, type Kind, openBackend, type Where } from './backends/backend'
import type { Fault } from './faults'
import type { Table } from './table'

export interface Scenario {
  readonly name: string
  /** In the words of the document. */
  readonly promise: string
  /** How it is measured, and what to know when reading the figures. */
  readonly method: string
  /** What breaks it, to see that it is noticed. */
  readonly faults: readonly (Fault | 'other')[]
  run(bench: Bench): Promise<Result>
}

export interface Result {
  readonly tables: readonly Table[]
  /** Which promises were not kept. */
  readonly broken: readonly string[]
}

/** What a scenario is given. */
export interface Bench {
  readonly quick: boolean
  /** Set to see that the harness notices: the scenario must then break its promise. */
  readonly fault: Fault | 'other' | undefined
  /** Servers that run here anyway. */
  readonly urls: Readonly<Record<'redis' | 'postgres' | 'mysql', string>>
  /** This many, or fewer when it must be quick. */
  count(full: number, quick: number): number
  say(text: string): void
}

/** The fault of a store or shop, where one is asked for. */
export const storeFault = ({ fault }: Bench): Fault | undefined => (fault === 'other' ? undefined : fault)

let made = 0
const open = new Map<string, () => Promise<void>>()

/** For an end before the end: removes what the scenarios that run have made. */
export async function clearAll(): Promise<void> {
  await Promise.allSettled(Array.from(open.values(), (clear) => clear()))
}

/** Opens a backend under a name of its own, and removes whatever is in it in the end. */
export async function withBackend<T>(
  { urls }: Bench,
  kind: Kind,
  work: (where: Where, backend: Backend) => Promise<T>,
  { transaction = false, url }: { transaction?: boolean; url?: string } = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'payproof-chaos-'))
  const name = `chaos_${process.pid}_${++made}_${Date.now().toString(36)}`
  const usual = kind === 'memory' ? '' : kind === 'sqlite' ? join(folder, 'events.db') : urls[kind]
  const where: Where = { kind, url: url ?? usual, name, transaction }
  const backend = await openBackend(where)
  const clear = async () => {
    open.delete(name)
    await backend.clear().finally(() => backend.close())
    rmSync(folder, { recursive: true, force: true })
  }
  open.set(name, clear)
  try {
    await backend.prepare()
    return await work(where, backend)
  } finally {
    if (open.has(name)) await clear()
  }
}
