import { setTimeout as sleep } from 'node:timers/promises'
import { createReceiver, type IdempotencyStore, type Provider, type Receiver, type WebhookEvent } from 'payproof'
import { makeBody } from '../bench/payloads'
import { payqiWire, usualHeaders } from '../bench/wires'
import { inLanes } from './lanes'

export interface Told {
  readonly deliveries: number
  readonly acknowledged: number
  /** Of those: the store did not know them any more, and their handler ran again. */
  readonly forgotten: number
  /** Of those: what the handler wrote was not there any more, before anything was sent again. */
  readonly effectsGone: number
  /** After everything was sent again. */
  readonly doubled: number
  readonly lostInTheEnd: number
}

/** Deliveries that are under way at once. */
export const underWay = 16

/** A shop on a store: before the failover on the one server, after it on the other. */
export interface Shop {
  readonly store: IdempotencyStore<unknown>
  /** What a handler does; `tx` in transactions. */
  effect(id: string, tx: unknown): Promise<unknown>
  /** How often each event has had its effect, as far as anybody still knows. */
  effects(): Promise<ReadonlyMap<string, number>>
  close(): Promise<unknown>
}

interface Fault {
  /** Once half of the deliveries were answered. */
  halfway(): unknown
  /** When all were: gives where the shop goes on. */
  failOver(): Promise<Shop>
}

/** Sends events to a shop that fails over, then all of them once more, and tells what came of each. */
export async function deliverThrough(count: number, shop: Shop, { halfway, failOver }: Fault): Promise<Told> {
  const ids = Array.from({ length: count }, (_, at) => `evt_failover_${at}`)
  const runs = new Map<string, number>()
  const acknowledged = new Set<string>()
  const before = receiverOf(shop)
  let answered = 0
  await inLanes(count, underWay, async (at) => {
    const id = ids[at] ?? ''
    if ((await send(before, shop, id, runs)) === 200) acknowledged.add(id)
    if (++answered === Math.floor(count / 2)) await halfway()
  })
  const runsBefore = new Map(runs)
  const next = await failOver()
  await shop.close().catch(() => {})
  try {
    const left = await next.effects()
    const after = receiverOf(next)
    await inLanes(count, underWay, (at) => untilTaken(() => send(after, next, ids[at] ?? '', runs)))
    const inTheEnd = await next.effects()
    const among = (test: (id: string) => boolean) => [...acknowledged].filter(test).length
    return {
      deliveries: count,
      acknowledged: acknowledged.size,
      forgotten: among((id) => (runs.get(id) ?? 0) > (runsBefore.get(id) ?? 0)),
      effectsGone: among((id) => !left.has(id)),
      doubled: [...inTheEnd.values()].filter((times) => times > 1).length,
      lostInTheEnd: ids.filter((id) => !inTheEnd.has(id)).length,
    }
  } finally {
    await next.close()
  }
}

function receiverOf({ store }: Shop): Receiver<WebhookEvent, unknown> {
  const provider = payqiWire.provider() as Provider<WebhookEvent>
  // Short, so that what a dead owner left behind is soon taken over.
  return createReceiver({ provider, store, leaseSeconds: 1, storeTimeoutMs: 600, observe: () => {} })
}

async function send(receiver: Receiver<WebhookEvent, unknown>, shop: Shop, id: string, runs: Map<string, number>) {
  const body = makeBody('payqi', 'items', 600, Date.now(), id)
  const headers = { ...usualHeaders(body), ...payqiWire.sign(body) }
  const { reply } = await receiver.receive({ headers, body }, async (_, context) => {
    runs.set(id, (runs.get(id) ?? 0) + 1)
    await shop.effect(id, (context as { tx?: unknown }).tx)
  })
  return reply.status
}

async function untilTaken(send: () => Promise<number>): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    if ((await send()) === 200) return
    await sleep(200)
  }
  throw new Error('A delivery was not taken after the failover.')
}
