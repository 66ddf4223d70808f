import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** What goes over the wire. Made here with Node's own crypto, as the providers do, not with payproof. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const hmac = (secret: string, content: string): string =>
  createHmac('sha256', secret).update(content).digest('hex')

const json = { 'content-type': 'application/json' }

/** CasPay's dispatched form carries its time in the signed body and, unsigned, in a header. */
export function sendCaspay(secret: string, body: string): Delivery {
  const { event, timestamp } = JSON.parse(body) as { event?: string; timestamp?: string }
  const unsigned: Record<string, string> =
    event && timestamp ? { 'x-caspay-event': event, 'x-caspay-timestamp': timestamp } : {}
  return {
    headers: { ...json, 'user-agent': 'CasPay-Webhook/1.0', 'x-caspay-signature': hmac(secret, body), ...unsigned },
    body,
  }
}

/** The deliveries captured from CasPay's own sender, dated `at` and signed again. */
export function capturedCaspay(at: Date): { secret: string; deliveries: { type: string; delivery: Delivery }[] } {
  const file = new URL('../../test/fixtures/caspay/captured.json', import.meta.url)
  const captured = JSON.parse(readFileSync(file, 'utf8')) as { secret: string; deliveries: { body_base64: string }[] }
  const deliveries = captured.deliveries.map(({ body_base64 }) => {
    const body = Buffer.from(body_base64, 'base64')
      .toString()
      .replace(/("timestamp":")[^"]*/, `$1${at.toISOString()}`)
    return { type: (JSON.parse(body) as { event: string }).event, delivery: sendCaspay(captured.secret, body) }
  })
  return { secret: captured.secret, deliveries }
}

export function sendPayqi(secret: string, body: string, at: Date): Delivery {
  return {
    headers: { ...json, 'x-payqi-signature': hmac(secret, body), 'x-payqi-timestamp': String(unixSeconds(at)) },
    body,
  }
}

export function sendPayvost(secret: string, body: string): Delivery {
  return { headers: { ...json, 'payvost-signature': hmac(secret, body) }, body }
}

export function sendPayvostTimestamped(secret: string, body: string, at: Date): Delivery {
  const t = unixSeconds(at)
  return { headers: { ...json, 'payvost-signature': `t=${t},v1=${hmac(secret, `${t}.${body}`)}` }, body }
}

/** MugglePay and KasperoPay sign nothing. */
export const sendPlain = (payload: object): Delivery => ({ headers: json, body: JSON.stringify(payload) })

export const unixSeconds = (at: Date): number => Math.floor(at.getTime() / 1000)
