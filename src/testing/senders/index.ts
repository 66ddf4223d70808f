import { caspaySender } from './caspay'
import { kasperopaySender } from './kasperopay'
import { mugglepaySender } from './mugglepay'
import { payqiSender } from './payqi'
import { payvostSender } from './payvost'

/** Every provider's sender, by the provider's name. */
export const senders = {
  kasperopay: kasperopaySender,
  caspay: caspaySender,
  payqi: payqiSender,
  payvost: payvostSender,
  mugglepay: mugglepaySender,
} as const
