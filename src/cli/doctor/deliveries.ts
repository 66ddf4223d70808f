import type { Sender, SettingValues } from '../../testing/senders/sender'
import { composeDelivery } from '../../testing/sign-delivery'
import type { Configuration } from '../provider'
import type { Sent } from './exchange'
import type { GenuineDeliveries } from './genuine'

/** A type that no handler knows: it gets `unknown`, or nothing where it does not verify. */
const testType = 'payproof.doctor'

/** A delivery as the provider makes it, of a test event and an order that is none, signed with what was made up just now. */
export function forgedDelivery(sender: Sender): Sent {
  const madeUp = sender.settings.map(({ name }) => [name, `forged-${crypto.randomUUID()}`])
  return deliveryOf(sender, Object.fromEntries(madeUp), newId())
}

/** Two deliveries of two test events that verify; or why there can be none. */
export function genuineDeliveries(sender: Sender, { values, secretFrom }: Configuration): GenuineDeliveries | string {
  const { title, api } = sender
  const asked = api !== undefined && (api.keySetting === undefined || values[api.keySetting] !== undefined)
  if (asked)
    return `${title}'s API is asked about every delivery, and knows of no test: only a real payment comes through.`
  const plainId = newId()
  return {
    plain: deliveryOf(sender, values, plainId),
    plainId,
    secretFrom,
    odd: deliveryOf(sender, values, newId(), oddJson),
    acknowledgement: sender.createProvider(values).acknowledgement.body,
  }
}

const newId = () => `payproof-doctor-${crypto.randomUUID()}`

function deliveryOf(
  sender: Sender,
  values: SettingValues,
  id: string,
  stringify: (payload: object) => string = JSON.stringify,
): Sent {
  const { headers, body } = composeDelivery(sender, testPayload(sender, values, id), { ...values, stringify })
  return { headers: Object.entries(headers), body }
}

/** The usual event's payload, its type and its ids replaced. */
function testPayload(sender: Sender, values: SettingValues, id: string): object {
  const [form] = Object.values(sender.forms)
  if (form === undefined) throw new TypeError(`${sender.name} has no forms.`)
  const now = new Date()
  const data = form.samples[sender.usualEvent]?.(id) ?? {}
  const payload = form.payload({ type: testType, data, id, eventAt: now, attemptAt: now, options: values })
  return marked(payload, sender.usualEvent, id) as object
}

/** No text of the sample that names an order, a payment or a type that means something stays as it is. */
function marked(value: unknown, usualEvent: string, id: string, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => marked(item, usualEvent, id))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, marked(inner, usualEvent, id, name)]))
  if (value === usualEvent) return testType
  return typeof value === 'string' && /(?:order|payment)_?id$/i.test(key) ? id : value
}

/** The same payload in bytes that no serialiser gives back: spaces, an escaped slash, and a field of numbers and letters. */
function oddJson(payload: object): string {
  const text = JSON.stringify(payload, undefined, 3)
  return text.replace(/^\{/, '{ "payproof_doctor" : [1.0, 1e2, "\\u00e9\\/"],')
}
