import type { Provider } from '../../providers/provider'
import type { Kind, Shot } from './plan'
import type { Sent } from './run'

/** Whether our own receiver would take a shot. */
export type Proven = ReadonlyMap<Shot, boolean>

const doubtful: readonly Kind[] = ['forged', 'tampered', 'skewed']

/** What a receiver has to say to the attacks: our own, configured alike and with the usual tolerances, is asked. */
export async function provenOf(provider: Provider, all: readonly Sent[]): Promise<Proven> {
  const proven = new Map<Shot, boolean>()
  for (const { shot } of all) if (doubtful.includes(shot.kind)) proven.set(shot, await isProven(provider, shot))
  return proven
}

async function isProven(provider: Provider, { make }: Shot): Promise<boolean> {
  const { headers, body } = make()
  const context = { nowMs: Date.now(), toleranceSeconds: 300, maxEventAgeSeconds: 259_200 }
  try {
    await provider.verify({ headers, body: new TextEncoder().encode(body) }, context)
    return true
  } catch {
    return false
  }
}
