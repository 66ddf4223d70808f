/** The shop's processes: what each runs and is told. `start.ts` starts them here, `compose.yaml` in containers. */
export interface Process {
  readonly name: string
  /** In this folder's parent. */
  readonly script: string
  readonly env: Readonly<Record<string, string>>
}

/** Where things are: ports and folders of this machine, or names of a compose network. */
export interface Places {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly paymentsUrl: string
  readonly mugglepayApiUrl: string
  readonly kasperopayApiUrl: string
  readonly ports: Readonly<Record<'proxy' | 'app1' | 'app2' | 'operator', number>>
  /** Where the proxy finds the app of this name. */
  readonly appUrl: (name: 'app1' | 'app2') => string
  readonly spoolOf: (name: 'app1' | 'app2') => string
  readonly host: string
}

export interface Secrets extends ProviderSecrets {
  readonly OPERATOR_PASSWORD: string
}

/** What the shop and its providers agreed on. */
export interface ProviderSecrets {
  readonly CASPAY_WEBHOOK_SECRET: string
  readonly PAYQI_WEBHOOK_SECRET: string
  readonly PAYVOST_WEBHOOK_SECRET: string
  readonly MUGGLEPAY_ORDER_TOKEN_SECRET: string
  readonly MUGGLEPAY_API_KEY: string
  readonly KASPEROPAY_MERCHANT_ID: string
}

/** In the order in which they are to start; `migrate` ends by itself, before the others. */
export function processes(places: Places, { OPERATOR_PASSWORD, ...secrets }: Secrets): Process[] {
  const { ports, host } = places
  const shared = {
    DATABASE_URL: places.databaseUrl,
    REDIS_URL: places.redisUrl,
    MUGGLEPAY_API_URL: places.mugglepayApiUrl,
    KASPEROPAY_API_URL: places.kasperopayApiUrl,
    ...secrets,
  }
  const listening = (port: number) => ({ HOST: host, PORT: String(port) })
  const app = (name: 'app1' | 'app2') => ({
    name,
    script: 'app.ts',
    env: {
      ...shared,
      ...listening(ports[name]),
      PAYMENTS_URL: places.paymentsUrl,
      SPOOL_FOLDER: places.spoolOf(name),
    },
  })
  return [
    { name: 'migrate', script: 'migrate.ts', env: { DATABASE_URL: places.databaseUrl } },
    app('app1'),
    app('app2'),
    { name: 'worker', script: 'worker.ts', env: shared },
    {
      name: 'proxy',
      script: 'proxy.ts',
      env: { ...listening(ports.proxy), UPSTREAMS: `${places.appUrl('app1')},${places.appUrl('app2')}` },
    },
    { name: 'operator', script: 'operator.ts', env: { ...shared, ...listening(ports.operator), OPERATOR_PASSWORD } },
  ]
}
