import { misconfigured } from '../errors'
import type { Claim, IdempotencyStore } from './store'

export interface SqlStoreOptions {
  /** Default `payproof_events`; may name a schema, as `shop.payproof_events`. */
  table?: string
}

/** A store in a SQL database. */
export interface SqlStore extends IdempotencyStore {
  /** Makes the table if it is not there. */
  ensureSchema(): Promise<void>
  /** Deletes what is no longer needed, in batches, never a claim that is held. Returns how many rows went. */
  prune(batch?: number): Promise<number>
}

type Rows = readonly Readonly<Record<string, unknown>>[]

/** The three statements of a claim. Each is atomic by itself; between them anything may happen. */
export interface SqlSteps {
  /** A row back: the key is new and ours. */
  insert(key: string, token: string, leaseSeconds: number): Promise<Rows>
  /** `state`, `open` (may be taken over) and `wait` (seconds); no row: pruned in between. */
  look(key: string): Promise<Rows>
  /** A row back: the open key is ours. None: somebody else was faster. */
  takeOver(key: string, token: string, leaseSeconds: number): Promise<Rows>
}

/** Insert, look, take over: so a duplicate, by far the most frequent case after the first, never locks or writes a row. */
export async function claimInSteps(steps: SqlSteps, key: string, leaseSeconds: number): Promise<Claim> {
  const token = crypto.randomUUID()
  for (let tries = 0; tries < 5; tries++) {
    const [inserted] = await steps.insert(key, token, leaseSeconds)
    if (inserted !== undefined) return { state: 'acquired', token, attempt: Number(inserted['attempt'] ?? 1) }
    const [found] = await steps.look(key)
    if (found === undefined) continue
    if (!found['open']) return closed(found)
    const [taken] = await steps.takeOver(key, token, leaseSeconds)
    if (taken !== undefined) return { state: 'acquired', token, attempt: Number(taken['attempt']) }
  }
  // Taken and given back under our hands again and again: whoever comes next will see.
  return { state: 'in_progress', retryAfterSeconds: 1 }
}

function closed({ state, wait }: Readonly<Record<string, unknown>>): Claim {
  return state === 'done' ? { state: 'completed' } : { state: 'in_progress', retryAfterSeconds: Number(wait) }
}

/** A name that can stand in a statement as it is. */
export function assertTable(table: string): void {
  if (/^(?:[a-z_][a-z0-9_]{0,50}\.)?[a-z_][a-z0-9_]{0,50}$/.test(table)) return
  throw misconfigured(
    'table',
    'must be a name of lower-case letters, digits and underscores, with a schema before a dot if need be.',
  )
}
