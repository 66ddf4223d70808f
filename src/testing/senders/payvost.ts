import { payvost } from '../../providers/payvost'
import { defineSender } from './sender'

export const payvostSender = defineSender({
  name: 'payvost',
  title: 'Payvost',
  settings: [{ name: 'secret', variable: 'PAYVOST_WEBHOOK_SECRET', secret: true, needed: 'one' }],
  createProvider: ({ secret }) => payvost({ secret }),
})
