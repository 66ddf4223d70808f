import { claim } from './claim'
import { failover } from './failover'
import { hot } from './hot'
import { nodes } from './nodes'
import { plan } from './plan'
import type { Section } from './section'
import { size } from './size'

/** In this order: the plan is made of what was measured before it. */
export const sections: readonly Section[] = [claim, nodes, size, plan, hot, failover]
export const sectionNames: readonly string[] = sections.map(({ name }) => name)
