import { JsonKeys } from './json-keys'
import { JsonReader } from './json-reader'
import { malformed } from './json-source'

export type JsonObject = { readonly [key: string]: unknown }

const commonKeys = new JsonKeys()

/**
 * Parses the JSON of a delivery, refusing what two parsers could read in two ways: bytes that are not UTF-8,
 * nesting deeper than 32, a key given twice, `__proto__` and `constructor.prototype`.
 * A number that a double cannot hold exactly arrives as the string of its digits, so no amount is ever rounded.
 */
export function parseJson(bytes: Uint8Array, keys = commonKeys): unknown {
  return new JsonReader(bytes, keys).read()
}

/** Like `parseJson`, for a payload that must be an object. */
export function parseJsonObject(bytes: Uint8Array, keys = commonKeys): JsonObject {
  return asObject(parseJson(bytes, keys))
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asObject(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw malformed('It is not a JSON object.')
  return value
}
