import type { Section } from './section'
export const nodes: Section = { name: 'nodes', run: async () => ({ tables: [] }) }
