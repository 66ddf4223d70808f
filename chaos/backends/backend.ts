import type { IdempotencyStore } from '../../src'

export type Kind = 'memory' | 'sqlite' | 'redis' | 'postgres' | 'mysql'

/** Says in which database, and under which name in it, a run keeps its claims and effects. Goes to other processes as JSON. */
export interface Where {
  readonly kind: Kind
  /** Of the server, or the path of the file. */
  readonly url: string
  /** Stands before every key and table, so that nothing of anybody else's is touched. */
  readonly name: string
  /** Whether handlers write through the transaction that completes their event. */
  readonly transaction: boolean
}

/** What the database itself says about a key. */
export interface Kept {
  readonly state: string
  /** How many claims it has granted. */
  readonly granted: number
}

/** A store, and beside it the effects of handlers, read without the library. */
export interface Backend {
  readonly store: IdempotencyStore<unknown>
  prepare(): Promise<void>
  /** What a handler does: one more row. */
  effect(id: string, tx: unknown): Promise<void>
  /** The id of every row. */
  effects(): Promise<string[]>
  kept(keys: readonly string[]): Promise<(Kept | undefined)[]>
  /** Removes all that `prepare` and the run made. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** Each driver is loaded by those alone who need it: a worker that takes long to start is a longer outage. */
export async function openBackend(where: Where): Promise<Backend> {
  switch (where.kind) {
    case 'memory':
      return (await import('./memory')).openMemory()
    case 'sqlite':
      return (await import('./sqlite')).openSqlite(where)
    case 'redis':
      return (await import('./redis')).openRedis(where)
    case 'postgres':
      return (await import('./postgres')).openPostgres(where)
    case 'mysql':
      return (await import('./mysql')).openMysql(where)
  }
}

export const effectsOf = ({ name }: Where) => `${name}_effects`

/** Rows of `k`, `state` and `granted`, in the order of the keys asked for. */
export function inOrder(keys: readonly string[], rows: readonly unknown[]): (Kept | undefined)[] {
  const found = new Map(
    (rows as { k: string; state: string; granted: unknown }[]).map(({ k, state, granted }) => [
      k,
      { state, granted: Number(granted) },
    ]),
  )
  return keys.map((key) => found.get(key))
}
