import { fileURLToPath } from 'node:url'
import type { Finding } from './report'
import type { Bench, Facts } from './section'
import { sections } from './sections'

export interface Order {
  readonly names: readonly string[]
  readonly quick: boolean
  /** What was measured before. */
  readonly facts: Partial<Facts>
}

export type Message =
  | { readonly type: 'said'; readonly text: string }
  | { readonly type: 'found'; readonly finding: Finding }

// What the default observer and the stores warn of is not what is measured.
console.warn = () => {}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const send = (message: Message) => new Promise((resolve) => process.send?.(message, resolve))

process.once('message', async ({ names, quick, facts: known }: Order) => {
  let facts = known
  for (const section of sections.filter(({ name }) => names.includes(name))) {
    const startedMs = Date.now()
    const seconds = () => Math.round((Date.now() - startedMs) / 1000)
    const bench: Bench = {
      quick,
      facts,
      serverScript: fileURLToPath(new URL('server.mjs', import.meta.url)),
      count: (full, fewer) => (quick ? fewer : full),
      say: (text) => void send({ type: 'said', text: `${String(seconds()).padStart(5)} s  ${section.name}: ${text}` }),
    }
    const result = await section
      .run(bench)
      .catch((error: unknown) => ({ tables: [], broken: [`it did not come to its end: ${error}`] }))
    facts = { ...facts, ...('facts' in result ? result.facts : {}) }
    await send({ type: 'found', finding: { ...result, name: section.name, seconds: seconds() } })
  }
  process.exit(0)
})
