/** Stands for your shop's orders: what was asked for at checkout. */
const orders = [
  { orderId: 'o_1', amount: '1', currency: 'CSPR' },
  { orderId: 'o_2', amount: '25.5', currency: 'XRP' },
  { orderId: 'o_3', amount: '19.99', currency: 'USD' },
]

export const findOrder = async (id: string | undefined) => orders.find(({ orderId }) => orderId === id)
