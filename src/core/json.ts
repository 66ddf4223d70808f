import { JsonKeys } from './json-keys'
import { JsonReader } from './json-reader'
import { malformed } from './json-source'
import { once } from './once'

export type JsonObject = { readonly [key: string]: unknown }

const commonKeys = new JsonKeys()

/**
 * Parses the JSON of a delivery, refusing what two parsers could read in two ways: bytes that are not UTF-8,
 * nesting deeper than 32, a key given twice, `__proto__` and `constructor.prototype`.
 * A number that a double cannot hold exactly arrives as the string of its digits, so no amount is ever rounded.
 */
export function parseJson(bytes: Uint8Array, keys = commonKeys): unknown {
  return new JsonReader(bytes, keys, Number.POSITIVE_INFINITY).read()
}

/** Like `parseJson`, for a payload that must be an object. */
export function parseJsonObject(bytes: Uint8Array, keys = commonKeys): JsonObject {
  return asObject(parseJson(bytes, keys))
}

/** A JSON object, parsed as deep as was asked for. */
export interface Shallow {
  readonly object: JsonObject
  /** All of it, parsed when first asked for. Left out where `object` is all of it. */
  readonly whole?: () => JsonObject
}

/**
 * Like `parseJsonObject`, down to so many levels, the object itself being the first. An object or array below them stands there empty: all
 * of it is known to be right, and nothing was made of it. What is done to the bytes later changes nothing.
 */
export function parseShallow(bytes: Uint8Array, levels: number, keys = commonKeys): Shallow {
  const reader = new JsonReader(bytes, keys, levels)
  const object = asObject(reader.read())
  if (!reader.isCut) return { object }
  const copy = Uint8Array.from(bytes)
  return { object, whole: once(() => parseJsonObject(copy, keys)) }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asObject(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw malformed('It is not a JSON object.')
  return value
}
