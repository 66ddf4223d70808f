import type { Bench, Part, Result } from './part'
import { parts } from './parts'

/** What the run tells the process of a part. */
export interface Order extends Omit<Bench, 'say'> {
  readonly part: keyof typeof parts
}

export type Message =
  | { readonly type: 'about'; readonly part: Omit<Part, 'run'> }
  | { readonly type: 'said'; readonly text: string }
  | { readonly type: 'found'; readonly result: Result }

// The default observer says once a minute what it refused: what that costs stays in, what it prints does not.
console.warn = () => {}

const send = (message: Message) => process.send?.(message)

process.once('message', async (order: Order) => {
  const { run, ...part } = await parts[order.part]()
  send({ type: 'about', part })
  const result = await run({ ...order, say: (text) => send({ type: 'said', text }) })
  // Whatever else is still open must not keep the run waiting.
  process.send?.({ type: 'found', result } satisfies Message, () => process.exit(0))
})
