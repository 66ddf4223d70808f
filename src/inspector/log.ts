import type { SecretInput } from '../core/secrets'
import type { Outcome, WebhookError, WebhookEvent } from '../index'
import type { Provider } from '../providers/provider'
import type { Again, Pairs, Step } from './shown'

/** Whose deliveries these are. */
export interface Source {
  readonly name: string
  /** Needed to diagnose and to sign anew. */
  readonly provider?: Provider
  readonly otherSecrets?: SecretInput
}

/** A delivery as it is kept. Fields are filled in as it is worked on. */
export interface Kept {
  readonly number: number
  readonly receivedAtMs: number
  readonly source: Source
  readonly method?: string
  readonly path?: string
  readonly headers: Pairs
  readonly again?: Again
  body?: Uint8Array
  /** Why there is no body. */
  bodyMissing?: string
  event?: WebhookEvent
  outcome?: Outcome['kind'] | 'verified' | 'forwarded' | 'forward_failed'
  error?: WebhookError
  attempt?: number
  thrown?: unknown
  answer?: { readonly status: number; readonly headers: Pairs; readonly body: Uint8Array }
  forward?: { readonly to: string; readonly problem?: string }
  durationMs?: number
  readonly steps: Step[]
}

export interface LogLimits {
  /** How many deliveries are kept. Default 200. */
  readonly maxDeliveries?: number
  /** How many bytes of them, headers and answers included. Default 32 MiB. */
  readonly maxBytes?: number
}

type Listener = (change: { readonly type: 'delivery'; readonly kept: Kept } | { readonly type: 'cleared' }) => void

export type DeliveryLog = ReturnType<typeof createDeliveryLog>

/** The latest deliveries, bounded in number and in bytes: the oldest make room. */
export function createDeliveryLog({ maxDeliveries = 200, maxBytes = 32 * 1024 * 1024 }: LogLimits = {}) {
  const kept = new Map<number, Kept>()
  const sizes = new Map<number, number>()
  const listeners = new Set<Listener>()
  let count = 0
  let bytes = 0

  function weigh(delivery: Kept): void {
    const size = sizeOf(delivery)
    bytes += size - (sizes.get(delivery.number) ?? 0)
    sizes.set(delivery.number, size)
  }

  function drop(number: number): void {
    bytes -= sizes.get(number) ?? 0
    sizes.delete(number)
    kept.delete(number)
  }

  /** Bodies larger than a share of the whole are not kept: one delivery must not drive out all others. */
  function lighten(delivery: Kept): void {
    const { body, answer, event } = delivery
    if ((body?.length ?? 0) + (answer?.body.length ?? 0) <= maxBytes / 4) return
    delivery.bodyMissing = `It was not kept: ${body?.length ?? 0} bytes are more than the inspector holds of one delivery.`
    delete delivery.body
    if (event !== undefined) delete delivery.event
    if (answer !== undefined) delivery.answer = { ...answer, body: new Uint8Array() }
  }

  return {
    maxDeliveries,
    begin(start: Omit<Kept, 'number' | 'steps'>): Kept {
      const delivery: Kept = { ...start, number: ++count, steps: [] }
      kept.set(delivery.number, delivery)
      this.changed(delivery)
      return delivery
    },
    /** To be called when fields of a delivery were filled in. */
    changed(delivery: Kept): void {
      if (!kept.has(delivery.number)) return
      lighten(delivery)
      weigh(delivery)
      for (const number of kept.keys()) {
        if (kept.size <= maxDeliveries && bytes <= maxBytes) break
        drop(number)
      }
      for (const tell of listeners) tell({ type: 'delivery', kept: delivery })
    },
    get: (number: number): Kept | undefined => kept.get(number),
    all: (): readonly Kept[] => [...kept.values()],
    oldest: (): number => kept.keys().next().value ?? count + 1,
    bytes: () => bytes,
    clear(): void {
      for (const number of [...kept.keys()]) drop(number)
      for (const tell of listeners) tell({ type: 'cleared' })
    },
    subscribe(listener: Listener): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** An event is a view of its body, which costs about as much again. */
function sizeOf({ body, event, headers, answer, path }: Kept): number {
  const lengths = [...headers, ...(answer?.headers ?? [])].map(([name, value]) => name.length + value.length)
  const text = lengths.reduce((sum, length) => sum + length, path?.length ?? 0)
  const ofBody = (body?.length ?? 0) * (event === undefined ? 1 : 2)
  return ofBody + (answer?.body.length ?? 0) + 2 * text + 512
}
