import type { Section } from './section'
export const hot: Section = { name: 'hot', run: async () => ({ tables: [] }) }
