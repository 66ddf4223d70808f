/** How many of 1000 cases each property gets: those that cost much get few. */
export const shares = {
  'any bytes and any headers: an outcome of the table, and no handler without a proof': 80,
  'any bytes and any headers: verify throws WebhookErrors and nothing else': 70,
  'what was signed verifies, in any spelling, and arrives as it was sent': 50,
  'one changed bit of the body is refused': 50,
  'one changed bit of the signature or token is refused': 50,
  'an amount of up to 30 digits arrives without loss': 50,
  'an id arrives unchanged': 30,
  'the time of an attempt is held to the second, both ways': 40,
  'the time of an event is held to the second, both ways': 50,
  'a time with fraction and zone arrives to the millisecond': 20,
  'memoryStore does what the model does': 40,
  'memoryStore with little room forgets nothing that is needed': 26,
  'sqliteStore does what the model does': 20,
  'redisStore does what the model does': 20,
  'postgresStore does what the model does': 4,
  'parseDecimal is exact, and canonical': 110,
  'compareDecimals and equalDecimals are those of whole numbers': 90,
  'shiftDecimal and roundDecimal are exact': 80,
  'expectPayment takes the order that was paid, and no other': 100,
  'a number of JSON arrives without loss': 40,
  'a text is read as the parser of the platform reads it, or refused, whatever was read before': 140,
  'explain says nothing of forgeries, and never a secret': 4,
} as const

export type PropertyName = keyof typeof shares

const total = Number(process.env['PAYPROOF_RUNS'] ?? (process.env['CI'] === 'true' ? 100_000 : 6_000))
const all = Object.values<number>(shares).reduce((sum, share) => sum + share, 0)

export const seed = Number(process.env['PAYPROOF_SEED'] ?? crypto.getRandomValues(new Int32Array(1))[0])
export const runsOf = (name: PropertyName): number => Math.ceil((shares[name] * total) / all)
export const wanted = total
