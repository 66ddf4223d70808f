import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../chaos/daemon'
import { type ScratchServer, startPostgres, startRedis } from '../../../chaos/servers'
import { createFleet, type Fleet } from './fleet'
import { type Places, processes, type Secrets } from './processes'
import { type Providers, startProviders } from './providers'

/** The whole shop on this machine, with servers of its own. */
export interface Shop {
  readonly url: string
  readonly operatorUrl: string
  readonly secrets: Secrets
  readonly fleet: Fleet
  readonly providers: Providers
  readonly redis: ScratchServer
  /** Left out where the database was given. */
  readonly postgres: ScratchServer | undefined
  readonly databaseUrl: string
  /** Holds the logs and the spools. */
  readonly folder: string
  /** `keepLogs`: leaves the folder there. */
  end(options?: { keepLogs?: boolean }): Promise<void>
}

/** `databaseUrl`: an empty database to be used in place of a server of its own. */
export async function startShop({ databaseUrl }: { databaseUrl?: string } = {}): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), 'payproof-shop-'))
  const secrets = makeSecrets()
  const postgres = databaseUrl === undefined ? await startPostgres() : undefined
  // Durable before it is acknowledged, also when the machine loses its power.
  const redis = await startRedis(['--appendfsync', 'always'])
  const ports = { proxy: await freePort(), app1: await freePort(), app2: await freePort(), operator: await freePort() }
  const url = `http://127.0.0.1:${ports.proxy}`
  const providers = await startProviders(secrets, url)
  const places: Places = {
    databaseUrl: databaseUrl ?? postgres?.url ?? '',
    redisUrl: redis.url,
    paymentsUrl: providers.paymentsUrl,
    mugglepayApiUrl: providers.mugglepayApiUrl,
    kasperopayApiUrl: providers.kasperopayApiUrl,
    ports,
    appUrl: (name) => `http://127.0.0.1:${ports[name]}`,
    spoolOf: (name) => join(folder, `spool-${name}`),
    host: '127.0.0.1',
  }
  const fleet = createFleet(folder)
  const [migrate, ...others] = processes(places, secrets)
  if (migrate !== undefined) await fleet.start(migrate)
  await Promise.all(others.map((each) => fleet.start(each)))
  const operatorUrl = `http://127.0.0.1:${ports.operator}`
  return {
    ...{ url, operatorUrl, secrets, fleet, providers, redis, postgres, databaseUrl: places.databaseUrl, folder },
    async end({ keepLogs = false } = {}) {
      await fleet.end()
      providers.close()
      await Promise.all([redis.stop(), postgres?.stop()])
      if (!keepLogs) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function makeSecrets(): Secrets {
  const secret = () => randomUUID().replaceAll('-', '')
  return {
    CASPAY_WEBHOOK_SECRET: secret(),
    PAYQI_WEBHOOK_SECRET: secret(),
    PAYVOST_WEBHOOK_SECRET: secret(),
    MUGGLEPAY_ORDER_TOKEN_SECRET: secret(),
    MUGGLEPAY_API_KEY: secret(),
    KASPEROPAY_MERCHANT_ID: 'kpm_shop',
    OPERATOR_PASSWORD: secret(),
  }
}
