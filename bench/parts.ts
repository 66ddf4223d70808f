import type { Part } from './part'

/** Each is loaded alone, in the process that measures it. */
export const parts = {
  verify: async (): Promise<Part> => (await import('./verify')).verify,
  refuse: async (): Promise<Part> => (await import('./refuse')).refuse,
  receive: async (): Promise<Part> => (await import('./receive')).receive,
  stores: async (): Promise<Part> => (await import('./stores')).stores,
  http: async (): Promise<Part> => (await import('./http')).http,
  edge: async (): Promise<Part> => (await import('./edge')).edge,
  cold: async (): Promise<Part> => (await import('./cold')).cold,
  size: async (): Promise<Part> => (await import('./size')).size,
  memory: async (): Promise<Part> => (await import('./memory')).memory,
} as const

export type PartName = keyof typeof parts
export const partNames = Object.keys(parts) as PartName[]

/** What the guard looks at: nothing that needs a server or a second process. */
export const guarded: readonly PartName[] = ['verify', 'refuse', 'receive']

/** How Node has to be started for a part. */
export const flags: Readonly<Partial<Record<PartName, readonly string[]>>> = {
  edge: ['--conditions=workerd'],
  memory: ['--expose-gc'],
}
