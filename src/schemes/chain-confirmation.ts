import { compareDecimals, parseDecimal, shiftDecimal } from '../core/money'
import { once } from '../core/once'
import * as z from '../core/schema'
import { misconfigured, WebhookError } from '../errors'
import { createConfirmationApi } from './api-confirmation'

export interface ChainConfirmationSettings {
  /** Your receiving address (`kaspa:…`). */
  address: string
  /** Default `https://api.kaspa.org`. */
  apiUrl?: string | undefined
  fetch?: typeof globalThis.fetch | undefined
  timeoutMs?: number | undefined
}

const transactionSchema = once(() =>
  z.object({
    is_accepted: z.boolean(),
    outputs: z.array(
      z.object({ amount: z.union([z.string(), z.number()]), script_public_key_address: z.nullish(z.string()) }),
    ),
  }),
)

/** Confirms on the Kaspa chain that an accepted transaction pays the address at least an amount of KAS. */
export function chainConfirmation(settings: ChainConfirmationSettings, setting: string) {
  const address = parseAddress(setting, settings.address)
  const { apiUrl = 'https://api.kaspa.org', fetch, timeoutMs } = settings
  const api = createConfirmationApi({ url: apiUrl, fetch, timeoutMs }, `${setting}: apiUrl`)

  return async (transactionId: unknown, due: unknown): Promise<void> => {
    if (typeof transactionId !== 'string' || !/^[0-9A-Za-z]{1,128}$/.test(transactionId)) {
      throw new WebhookError('confirmation_unavailable', 'The API names no transaction to look for on chain.')
    }
    const answer = await api.ask('/transactions/', transactionId)
    if (answer === undefined) throw notConfirmed('The chain knows no such transaction.')
    const parsed = z.safeParse(transactionSchema(), answer)
    if (!parsed.success) {
      throw new WebhookError('confirmation_unavailable', "The chain API's answer has an unknown shape.")
    }
    if (!parsed.data.is_accepted) throw notConfirmed('The transaction is not accepted on chain.')
    const outputs = parsed.data.outputs.filter((output) => output.script_public_key_address === address)
    assertPaid(inKas(outputs.map((output) => output.amount)), parseDecimal(due))
  }
}

function assertPaid(paid: string, due: string | undefined): void {
  if (due !== undefined && compareDecimals(paid, due) >= 0) return
  throw new WebhookError(
    'payment_mismatch',
    'The transaction pays the configured address less than the confirmed amount.',
  )
}

/** Sums sompi exactly; 1 KAS is 10^8 of them. */
function inKas(sompi: readonly (string | number)[]): string {
  let sum = 0n
  for (const amount of sompi) if (/^\d{1,40}$/.test(String(amount))) sum += BigInt(amount)
  return shiftDecimal(String(sum), -8) ?? '0'
}

function parseAddress(setting: string, address: unknown): string {
  if (typeof address === 'string' && /^kaspa(?:test)?:[a-z0-9]{20,120}$/.test(address)) return address
  throw misconfigured(`${setting}: address`, 'must be a Kaspa address, beginning with kaspa:.')
}

function notConfirmed(reason: string): WebhookError {
  return new WebhookError('payment_not_confirmed', `The payment could not be confirmed. ${reason}`)
}
