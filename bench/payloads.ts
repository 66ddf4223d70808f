/** What a body is made of: many small values, or one long text with letters beyond ASCII. */
export const shapes = ['items', 'text'] as const
export type Shape = (typeof shapes)[number]

export const sizes = { '0.6 KB': 600, '4 KB': 4_000, '64 KB': 64_000, '1 MB': 1_000_000 } as const
export type Size = keyof typeof sizes

/** The form of a body: the providers' own, each as its guide shows it. */
export type Form = 'payqi' | 'caspay' | 'payvost'

let made = 0

/** No two events of a process, nor of two processes, bear the same id. */
export function nextId(): string {
  return `evt_${process.pid.toString(36)}_${(++made).toString(36).padStart(8, '0')}`
}

/** One event of about this many bytes: the merchant's own data at the order makes up what is missing. */
export function makeBody(form: Form, shape: Shape, bytes: number, at = Date.now(), id = nextId()): Buffer {
  const created = Math.floor(at / 1000)
  const write = (extra: object) => JSON.stringify(forms[form](id, created, { orderId: `order_${id}`, ...extra }))
  const missing = bytes - Buffer.byteLength(write(fillers[shape](0)))
  return Buffer.from(write(fillers[shape](Math.max(0, missing))))
}

const forms: Readonly<Record<Form, (id: string, created: number, metadata: object) => object>> = {
  payqi: (id, created, metadata) => ({
    id,
    type: 'payment.completed',
    created,
    data: {
      id: `pay_${id}`,
      amount: '150.50',
      currency: 'KAS',
      status: 'completed',
      pay_address: 'kaspa:qz7ulu4c25dh7fzec9zjyrmlhnkzrg4wmf89q7gzr3gfrsj3uz6xjceef60sd',
      tx_hash: '9f2c6c1be5d74aa7c8b9f4a4a7e3a4c5d1f08e2b3c4d5e6f708192a3b4c5d6e7',
      metadata,
    },
  }),
  caspay: (id, created, metadata) => ({
    id,
    type: 'payment.completed',
    created,
    data: { payment: { id: `pay_${id}`, amount: 150500000000, currency: 'CSPR', status: 'completed', metadata } },
  }),
  payvost: (id, created, metadata) => ({
    id,
    type: 'payment.succeeded',
    created,
    data: {
      object: {
        id: `pay_${id}`,
        amount: 15050,
        currency: 'USD',
        status: 'succeeded',
        customer: { id: 'cus_8f2k1', email: 'buyer@example.com' },
        metadata,
      },
    },
  }),
}

const item = (at: number) => ({
  sku: `TEA-${10_000 + at}`,
  title: 'Green tea, 250 g',
  quantity: (at % 3) + 1,
  price: 12.5,
})
const itemBytes = JSON.stringify(item(0)).length + 1
const sentence =
  'Please leave the parcel with the neighbours at number 12, the Müllers: the café downstairs opens at nine. '

const fillers: Readonly<Record<Shape, (bytes: number) => object>> = {
  items: (bytes) => ({ items: Array.from({ length: Math.round(bytes / itemBytes) }, (_, at) => item(at)) }),
  text: (bytes) => ({ note: sentence.repeat(Math.ceil(bytes / sentence.length)).slice(0, bytes) }),
}
