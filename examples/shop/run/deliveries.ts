import { type Delivery, signDelivery } from 'payproof/testing'
import type { ProviderSecrets } from './processes'

/** A payment as its provider knows it. */
export interface Started {
  readonly provider: string
  readonly paymentId: string
  readonly orderId: string
  readonly amount: string
  readonly currency: string
  /** The merchant's, of this order. */
  readonly token?: string
}

/** What the provider sends when it is paid, as it sends it. CasPay's and KasperoPay's proof names no order. */
export function paidDelivery(payment: Started, secrets: ProviderSecrets): Delivery {
  const { provider, paymentId: id, orderId, amount, currency } = payment
  switch (provider) {
    case 'caspay': {
      const data = { amount: Number(amount), currency }
      return signDelivery('caspay', 'payment.received', { secret: secrets.CASPAY_WEBHOOK_SECRET, id, data })
    }
    case 'payqi':
      return payqiDelivery('payment.completed', payment, secrets)
    case 'payvost':
      return payvostDelivery('payment.succeeded', payment, secrets)
    case 'mugglepay': {
      const paid = { pay_amount: amount, pay_currency: currency }
      const data = { merchant_order_id: orderId, price_amount: amount, price_currency: currency, ...paid }
      return signDelivery('mugglepay', 'PAID', { token: payment.token ?? '', id, data })
    }
    case 'kasperopay': {
      const data = { order_id: orderId, amount_kas: amount }
      return signDelivery('kasperopay', 'payment.completed', { merchantId: secrets.KASPEROPAY_MERCHANT_ID, id, data })
    }
  }
  throw new Error(`Nobody takes payments as ${provider}.`)
}

/** What some of them send before that, and what may arrive after it. */
export function pendingDelivery(payment: Started, secrets: ProviderSecrets): Delivery | undefined {
  if (payment.provider === 'payqi') return payqiDelivery('payment.pending', payment, secrets)
  if (payment.provider === 'payvost') return payvostDelivery('payment.processing', payment, secrets)
  return undefined
}

function payqiDelivery(
  type: 'payment.completed' | 'payment.pending',
  payment: Started,
  secrets: ProviderSecrets,
): Delivery {
  const { paymentId, orderId, amount, currency } = payment
  const data = { id: paymentId, amount: Number(amount), currency, metadata: { order_id: orderId } }
  return signDelivery('payqi', type, { secret: secrets.PAYQI_WEBHOOK_SECRET, id: `evt_${type}_${paymentId}`, data })
}

function payvostDelivery(
  type: 'payment.succeeded' | 'payment.processing',
  { paymentId, orderId, amount, currency }: Started,
  secrets: ProviderSecrets,
): Delivery {
  const minor = Math.round(Number(amount) * 100)
  const object = { id: paymentId, amount: minor, currency: currency.toLowerCase(), metadata: { orderId } }
  const id = `evt_${type}_${paymentId}`
  return signDelivery('payvost', type, { secret: secrets.PAYVOST_WEBHOOK_SECRET, form: 'main', id, data: { object } })
}
