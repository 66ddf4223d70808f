import { createReceiver } from '../../src'
import { openBackend } from '../backends/backend'
import { type Delivery, dated, providers } from '../deliveries'
import { withFault } from '../faults'
import type { StormJob } from '../jobs'
import type { Role } from '../worker'

export interface StormQuestion {
  readonly delivery: Delivery
  readonly times: number
  readonly fromMs: number
}

export interface StormAnswer {
  readonly statuses: readonly number[]
  readonly slowestMs: number
  /** Where nobody else can see them: those of the memory store. */
  readonly effects: number
}

/** Longer than any queue that so many claims at once make in a small pool: the storm is to be weathered, not refused. */
const storeTimeoutMs = 30_000

export async function storm({ where, fault }: StormJob): Promise<Role> {
  const backend = await openBackend(where)
  const store = withFault(backend.store, fault)
  const receiver = createReceiver({ provider: providers.payqi(), store, storeTimeoutMs, observe: () => {} })
  const answer = async ({ delivery, times, fromMs }: StormQuestion): Promise<StormAnswer> => {
    const { id, body } = delivery
    while (Date.now() < fromMs) await new Promise((resolve) => setTimeout(resolve, fromMs - Date.now()))
    const startedMs = performance.now()
    const all = Array.from({ length: times }, () =>
      receiver.receive({ method: 'POST', headers: dated(delivery), body }, (_, { tx }) => backend.effect(id, tx)),
    )
    const statuses = (await Promise.all(all)).map(({ reply }) => reply.status)
    const slowestMs = performance.now() - startedMs
    return { statuses, slowestMs, effects: where.kind === 'memory' ? (await backend.effects()).length : 0 }
  }
  return { port: 0, answer }
}
