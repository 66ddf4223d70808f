import { caspay } from '../../providers/caspay'
import { defineSender } from './sender'

export const caspaySender = defineSender({
  name: 'caspay',
  title: 'CasPay',
  settings: [{ name: 'secret', variable: 'CASPAY_WEBHOOK_SECRET', secret: true, needed: 'one' }],
  createProvider: ({ secret }) => caspay({ secret }),
})
