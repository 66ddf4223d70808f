import {
  caspay,
  memoryStore,
  type Outcome,
  type Receiver,
  type ReceiverOptions,
  type Report,
  type WebhookEvent,
} from '../../src'
import { now, secret } from '../support/shop'

export type Shop = Receiver<WebhookEvent>
export type CreateReceiver = (options: ReceiverOptions<WebhookEvent>) => Shop

/** Something that is done with a receiver. */
export interface Play {
  readonly name: string
  readonly play: (shop: Shop) => Promise<unknown>
  readonly options: () => Partial<ReceiverOptions<WebhookEvent>>
}

export function listed(rows: readonly (readonly [Play['name'], Play['play'], Play['options']?])[]): readonly Play[] {
  return rows.map(([name, play, options = () => ({})]) => ({ name, play, options }))
}

/** What one delivery after another came to: all that a sender, a merchant or an observer gets to know. */
export interface Came {
  readonly outcomes: unknown[]
  readonly reports: unknown[]
}

/** Plays it with a receiver made so. */
export async function perform(create: CreateReceiver, { play, options: given }: Play): Promise<Came> {
  const options = given()
  const reports: Report[] = []
  const store = options.store ?? memoryStore()
  const observe = (report: Report) => reports.push(report)
  const shop = create({ provider: caspay({ secret }), store, now: () => now, observe, ...options } as never)
  const came = await play(shop)
  // What goes on after the answer is told too.
  await shop.close()
  return { outcomes: [came].flat().map(plain), reports: reports.map(plain) }
}

/** Without what differs from time to time. */
function plain(told: unknown): unknown {
  if (isOutcome(told)) {
    const { kind, reply } = told
    return { kind, reply, code: 'error' in told ? told.error.code : undefined, event: 'event' in told && told.event.id }
  }
  const {
    durationMs: _,
    rawBody: __,
    error,
    ...rest
  } = { durationMs: 0, rawBody: 0, error: undefined, ...(told as object) }
  return { ...rest, error: error === undefined ? undefined : String(error) }
}

function isOutcome(told: unknown): told is Outcome {
  return typeof told === 'object' && told !== null && 'reply' in told
}
