import type { HeadersInput } from '../core/headers'
import { type JsonObject, parseJsonObject } from '../core/json'
import type { JsonKeys } from '../core/json-keys'
import type { Delivery } from './scheme'

/** A delivery whose body is parsed when it is first asked for. */
export class ParsedDelivery implements Delivery {
  readonly headers: HeadersInput
  readonly body: Uint8Array
  readonly #keys: JsonKeys
  #payload: JsonObject | undefined

  /** `keys` are those of the deliveries before it. */
  constructor(headers: HeadersInput, body: Uint8Array, keys: JsonKeys) {
    this.headers = headers
    this.body = body
    this.#keys = keys
  }

  payload(): JsonObject {
    this.#payload ??= parseJsonObject(this.body, this.#keys)
    return this.#payload
  }
}
