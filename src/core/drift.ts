import * as z from 'zod'
import { isJsonObject, type JsonObject } from './json'

/** What a provider sends that this version does not know, or not so. Names places, never what stands there. */
export interface Drift {
  /** A field that is new, a type that is new, or a known type whose data does not fit any more. */
  readonly kind: 'unknown_field' | 'unknown_type' | 'misfit'
  readonly wireType: string
  /** Where, such as `payment.metadata` or `items[].sku`. */
  readonly path?: string
}

/** The fields that a schema knows, by name; `undefined` where it takes anything. */
type Known = { readonly fields: ReadonlyMap<string, Known> } | undefined

const knownBySchema = new WeakMap<z.ZodType, Known>()

/** The paths of fields that a schema does not know. */
export function* unknownFields(schema: z.ZodType, data: unknown): Generator<string> {
  if (!knownBySchema.has(schema)) knownBySchema.set(schema, knownTo(schema))
  yield* walk(knownBySchema.get(schema), data, '')
}

function* walk(known: Known, data: unknown, path: string): Generator<string> {
  if (known === undefined) return
  if (Array.isArray(data)) {
    for (const item of data.slice(0, maxItems)) yield* walk(known, item, `${path}[]`)
    return
  }
  if (!isJsonObject(data)) return
  for (const name of Object.keys(data as JsonObject)) {
    const inner = known.fields.get(name)
    const place = path === '' ? printable(name) : `${path}.${printable(name)}`
    if (inner === undefined && !known.fields.has(name)) yield place
    else yield* walk(inner, data[name], place)
  }
}

/** More items of a list than this would say the same again. */
const maxItems = 8

/** A field may be called anything, in a report it may not. */
function printable(name: string): string {
  return /^[\w$-]{1,64}$/.test(name) ? name : '…'
}

function knownTo(schema: z.ZodType): Known {
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape as Record<string, z.ZodType>)
    return { fields: new Map(fields.map(([name, inner]) => [name, knownTo(inner)])) }
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return knownTo(schema.unwrap() as z.ZodType)
  if (schema instanceof z.ZodArray) return knownTo(schema.element as z.ZodType)
  return undefined
}
