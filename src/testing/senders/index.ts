import { caspaySender } from './caspay'
import { kasperopaySender } from './kasperopay'
import { mugglepaySender } from './mugglepay'
import { payqiSender } from './payqi'
import { payvostSender } from './payvost'
import type { Sender } from './sender'

/** Every provider's sender, by the provider's name. */
export const senders = {
  kasperopay: kasperopaySender,
  caspay: caspaySender,
  payqi: payqiSender,
  payvost: payvostSender,
  mugglepay: mugglepaySender,
} as const

export type Senders = typeof senders
export type ProviderName = keyof Senders

/** The same, for code that knows a provider by its name alone. What is needed of the options is checked as it is used. */
export const senderByName = senders as unknown as Readonly<Record<ProviderName, Sender>>
