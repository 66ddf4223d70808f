import { payqi } from '../../providers/payqi'
import { defineSender } from './sender'

export const payqiSender = defineSender({
  name: 'payqi',
  title: 'PayQI',
  settings: [{ name: 'secret', variable: 'PAYQI_WEBHOOK_SECRET', secret: true, needed: 'one' }],
  createProvider: ({ secret }) => payqi({ secret }),
})
