import { type MugglepaySettings, mugglepay } from '../../providers/mugglepay'
import { defineSender } from './sender'

export const mugglepaySender = defineSender({
  name: 'mugglepay',
  title: 'MugglePay',
  settings: [
    { name: 'token', variable: 'MUGGLEPAY_TOKEN', secret: true, needed: 'one' },
    { name: 'orderTokenSecret', variable: 'MUGGLEPAY_ORDER_TOKEN_SECRET', secret: true, needed: 'one' },
    { name: 'apiKey', variable: 'MUGGLEPAY_API_KEY', secret: true },
    { name: 'apiUrl', variable: 'MUGGLEPAY_API_URL', secret: false },
  ],
  createProvider: (values, fetch) => mugglepay({ ...values, ...(fetch && { fetch }) } as MugglepaySettings),
})
