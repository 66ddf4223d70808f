/** What every process of the shop is told by its environment. */
export interface Config {
  readonly port: number
  readonly host: string
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly caspaySecret: string
  readonly payqiSecret: string
  readonly payvostSecret: string
  readonly mugglepayTokenSecret: string
  readonly mugglepayApiKey: string
  readonly mugglepayApiUrl: string
  readonly kasperopayMerchantId: string
  readonly kasperopayApiUrl: string
}

/** Throws where something is missing: at start, and not at the first payment. */
export function readConfig(): Config {
  return {
    port: Number(process.env['PORT'] ?? 3000),
    host: process.env['HOST'] ?? '127.0.0.1',
    databaseUrl: need('DATABASE_URL'),
    redisUrl: need('REDIS_URL'),
    caspaySecret: need('CASPAY_WEBHOOK_SECRET'),
    payqiSecret: need('PAYQI_WEBHOOK_SECRET'),
    payvostSecret: need('PAYVOST_WEBHOOK_SECRET'),
    mugglepayTokenSecret: need('MUGGLEPAY_ORDER_TOKEN_SECRET'),
    mugglepayApiKey: need('MUGGLEPAY_API_KEY'),
    mugglepayApiUrl: need('MUGGLEPAY_API_URL'),
    kasperopayMerchantId: need('KASPEROPAY_MERCHANT_ID'),
    kasperopayApiUrl: need('KASPEROPAY_API_URL'),
  }
}

export function need(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is missing in the environment.`)
  return value
}
