import { type KasperopaySettings, kasperopay } from '../../providers/kasperopay'
import { defineSender } from './sender'

export const kasperopaySender = defineSender({
  name: 'kasperopay',
  title: 'KasperoPay',
  settings: [
    { name: 'merchantId', variable: 'KASPEROPAY_MERCHANT_ID', secret: false, needed: 'always' },
    { name: 'apiUrl', variable: 'KASPEROPAY_API_URL', secret: false },
  ],
  createProvider: (values, fetch) => kasperopay({ ...values, ...(fetch && { fetch }) } as KasperopaySettings),
})
