import type { Payment } from 'payproof'

/** Stands for your shop's orders: what was asked for at checkout. */
const orders = [
  { orderId: 'o_1', amount: '1', currency: 'CSPR' },
  { orderId: 'o_2', amount: '25.5', currency: 'XRP' },
  { orderId: 'o_3', amount: '19.99', currency: 'USD' },
  // CasPay names the payment and not the order: your server noted its id at checkout.
  { orderId: 'o_4', paymentId: '8c1f8d2e-5a0b-4a52-9c53-1f7de3a0a111', amount: '150.5', currency: 'CSPR' },
]

export async function findOrder(payment: Payment | undefined) {
  if (payment === undefined) return undefined
  const { orderId, paymentId } = payment
  return orders.find((order) => (orderId === undefined ? order.paymentId === paymentId : order.orderId === orderId))
}
