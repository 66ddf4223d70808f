import { caspay, kasperopay, mugglepay, type Provider, payqi, payvost, type WebhookEvent } from 'payproof'

/** As `createReceiver` has them unless it is told otherwise. */
const toleranceSeconds = 300
const leaseSeconds = 60
const defaultAgeSeconds = 3 * 86_400

export interface Retention {
  readonly provider: string
  readonly retryHorizonSeconds: number
  /** The least that `retentionSeconds` may be with the default `maxEventAgeSeconds`. */
  readonly usualSeconds: number
  /** The least with the smallest `maxEventAgeSeconds` that the receiver takes. */
  readonly leastSeconds: number
  readonly leastAgeSeconds: number
}

/** How short the memory may be: an event young enough to be taken is always known. */
export function retentions(): Retention[] {
  const secret = 'whsec_scaling_0123456789abcdef'
  return [
    caspay({ secret }),
    payqi({ secret }),
    payvost({ secret }),
    mugglepay({ token: secret }),
    kasperopay({ merchantId: 'merchant_1', expect: () => undefined }),
  ].map((provider) => retentionOf(provider as unknown as Provider<WebhookEvent>))
}

function retentionOf({ name, retryHorizonSeconds }: Provider<WebhookEvent>): Retention {
  const needed = (ageSeconds: number) => ageSeconds + toleranceSeconds + retryHorizonSeconds + leaseSeconds
  const leastAgeSeconds = Math.max(retryHorizonSeconds, toleranceSeconds)
  return {
    provider: name,
    retryHorizonSeconds,
    usualSeconds: needed(Math.max(defaultAgeSeconds, retryHorizonSeconds)),
    leastAgeSeconds,
    leastSeconds: needed(leastAgeSeconds),
  }
}
