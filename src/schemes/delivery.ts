import type { HeadersInput } from '../core/headers'
import { type JsonObject, parseShallow, type Shallow } from '../core/json'
import type { JsonKeys } from '../core/json-keys'
import { Later } from '../event'
import type { Delivery } from './scheme'

/** A delivery whose body is parsed when it is first asked for, and then so many levels deep. */
export class ParsedDelivery implements Delivery {
  readonly headers: HeadersInput
  readonly body: Uint8Array
  readonly #levels: number
  readonly #keys: JsonKeys
  #parsed: Shallow | undefined

  constructor(headers: HeadersInput, body: Uint8Array, levels: number, keys: JsonKeys) {
    this.headers = headers
    this.body = body
    this.#levels = levels
    this.#keys = keys
  }

  payload(): JsonObject {
    return this.#parse().object
  }

  /** All of what a form found in the payload, as a `Later` where more than was parsed may belong to it. */
  whole(found: unknown): unknown {
    const { object, whole } = this.#parse()
    if (whole === undefined || typeof found !== 'object' || found === null) return found
    const name = Object.keys(object).find((key) => object[key] === found)
    if (name === undefined) throw new TypeError('Data that is not a member of the payload cannot be completed.')
    return new Later(() => whole()[name])
  }

  #parse(): Shallow {
    this.#parsed ??= parseShallow(this.body, this.#levels, this.#keys)
    return this.#parsed
  }
}
