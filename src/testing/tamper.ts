import type { Delivery } from './sign-delivery'

const amounts = /("(?:amount|amount_kas|price_amount|refundAmount|balance)"\s*:\s*"?)([0-9])/

/**
 * The delivery with its body changed on the way, and nothing signed again: another amount where there is one, else one field
 * more. It stays JSON.
 */
export function tamper(delivery: Delivery): Delivery {
  const { body } = delivery
  const other = (digit: string) => (digit === '9' ? '8' : '9')
  const changed = body.replace(amounts, (_, before: string, digit: string) => before + other(digit))
  return { ...delivery, body: changed === body ? body.replace(/\}\s*$/, ',"tampered":true}') : changed }
}
