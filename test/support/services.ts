import { describe, expect, it } from 'vitest'
import { notRun } from './vectors'

export interface Services {
  readonly redis: string | undefined
  readonly postgres: string | undefined
  readonly mysql: string | undefined
  readonly nats: string | undefined
  readonly rabbitmq: string | undefined
}

/** Where the servers are, as `start-services.ts` found or started them. `undefined`: there is none. */
export const services: Services = {
  redis: process.env['REDIS_URL'] || undefined,
  postgres: process.env['POSTGRES_URL'] || undefined,
  mysql: process.env['MYSQL_URL'] || undefined,
  nats: process.env['NATS_URL'] || undefined,
  rabbitmq: process.env['RABBITMQ_URL'] || undefined,
}

/** A suite on a server; where there is none, one test that says so, and fails where there has to be one. */
export function describeOn(name: string, url: string | undefined, suite: (url: string) => void): void {
  const missing = `${name}: no server answers`
  if (url !== undefined) describe(name, () => suite(url))
  else if (process.env['CI'] === 'true') it(missing, () => expect.unreachable(missing))
  else notRun(missing)
}
