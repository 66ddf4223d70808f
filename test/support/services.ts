export interface Services {
  readonly redis: string | undefined
  readonly postgres: string | undefined
  readonly mysql: string | undefined
}

/** Where the servers are, as `start-services.ts` found or started them. `undefined`: there is none. */
export const services: Services = {
  redis: process.env['REDIS_URL'] || undefined,
  postgres: process.env['POSTGRES_URL'] || undefined,
  mysql: process.env['MYSQL_URL'] || undefined,
}
