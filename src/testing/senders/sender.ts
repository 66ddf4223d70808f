import type { Provider } from '../../providers/provider'

/** Something a provider is configured with, and where the command line looks for it. */
export interface Setting {
  /** As the provider's own settings call it. */
  readonly name: string
  /** The environment variable. */
  readonly variable: string
  /** Never an argument, never shown. */
  readonly secret: boolean
  /** `one`: exactly one of those marked so, the first by default. `always`: nothing works without. */
  readonly needed?: 'one' | 'always'
}

/** By the name of the setting; secrets may be several, the newest first. */
export type SettingValues = Readonly<Record<string, string | readonly string[] | undefined>>

/** How a provider's deliveries are made, and how a receiver of them is configured. */
export interface Sender {
  readonly name: string
  /** As the provider writes its own name. */
  readonly title: string
  readonly settings: readonly Setting[]
  /** The receiving side. `fetch` stands for the network, where an API confirms. */
  createProvider(values: SettingValues, fetch?: typeof globalThis.fetch): Provider
}

export function defineSender<const S extends Sender>(sender: S): S {
  return sender
}
