import type { Shop } from '../run/shop'

/** A stretch of the run: what is done to the shop when it begins, while it goes on being sent events. */
export interface Phase {
  readonly name: string
  /** Resolves once everything runs again. */
  readonly harm?: (shop: Shop, downMs: number) => Promise<unknown>
  /** Nothing but 200 and 503 may be answered while this is down: every process runs. */
  readonly politely?: boolean
}

const killed =
  (name: string): NonNullable<Phase['harm']> =>
  (shop) =>
    shop.fleet.restart(name, 'SIGKILL')
const crashed = { crash: true }

/** Every process is killed once with SIGKILL, PostgreSQL with its immediate shutdown. */
export const phases: readonly Phase[] = [
  { name: 'nothing happens' },
  { name: 'app 1 killed', harm: killed('app1') },
  { name: 'app 2 killed', harm: killed('app2') },
  { name: 'proxy killed', harm: killed('proxy') },
  { name: 'app 1 deployed anew', harm: ({ fleet }) => fleet.restart('app1', 'SIGTERM') },
  { name: 'worker killed', harm: killed('worker') },
  { name: 'Redis killed', harm: ({ redis }) => redis.restart(crashed) },
  { name: 'PostgreSQL killed', harm: async ({ postgres }) => postgres?.restart(crashed) },
  { name: 'queue stopped', politely: true, harm: ({ redis }, downMs) => redis.restart({ downMs }) },
  { name: 'database stopped', politely: true, harm: async ({ postgres }, downMs) => postgres?.restart({ downMs }) },
  {
    name: 'both stopped',
    politely: true,
    harm: ({ redis, postgres }, downMs) => Promise.all([redis.restart({ downMs }), postgres?.restart({ downMs })]),
  },
  { name: 'nothing happens again' },
]
