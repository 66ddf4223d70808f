import { $ZodArray, $ZodNullable, $ZodObject, $ZodOptional } from 'zod/v4/core'
import { isJsonObject } from './json'
import type { Schema } from './schema'

/** What a provider sends that this version does not know, or not so. Names places, never what stands there. */
export interface Drift {
  /** A field that is new, a type that is new, or a known type whose data does not fit any more. */
  readonly kind: 'unknown_field' | 'unknown_type' | 'misfit'
  readonly wireType: string
  /** Where, such as `payment.metadata` or `items[].sku`. */
  readonly path?: string
}

/** The fields that a schema knows, by name; `anything` where it takes what comes. */
type Known = ReadonlyMap<string, Known>
const anything: Known = new Map()

const knownBySchema = new WeakMap<Schema, Known>()

/** The paths of fields that a schema does not know. */
export function unknownFields(schema: Schema, data: unknown): readonly string[] {
  return walk(knownTo(schema), data, undefined, undefined) ?? none
}

/** Where we are: a path is put together only for what is reported. */
type Place = { readonly name: string; readonly within: Place } | undefined

const { hasOwnProperty: isOwn } = Object.prototype

const none: readonly string[] = []

/** Most deliveries hold nothing new: the list is made when something is. */
function walk(known: Known, data: unknown, place: Place, before: string[] | undefined): string[] | undefined {
  let found = before
  if (known === anything) return found
  if (Array.isArray(data)) {
    for (const item of data.slice(0, maxItems)) found = walk(known, item, { name: '[]', within: place }, found)
  } else if (isJsonObject(data)) {
    for (const name in data) {
      if (!isOwn.call(data, name)) continue
      const inner = known.get(name)
      if (inner === undefined) {
        found ??= []
        found.push(pathTo({ name, within: place }))
      } else if (inner !== anything) found = walk(inner, data[name], { name, within: place }, found)
    }
  }
  return found
}

function pathTo({ name, within }: NonNullable<Place>): string {
  if (within === undefined) return printable(name)
  return name === '[]' ? `${pathTo(within)}[]` : `${pathTo(within)}.${printable(name)}`
}

/** More items of a list than this would say the same again. */
const maxItems = 8

/** A field may be called anything, in a report it may not. */
export function printable(name: string): string {
  return /^[\w$-]{1,64}$/.test(name) ? name : '…'
}

function knownTo(schema: Schema): Known {
  if (schema instanceof $ZodObject) return knownBySchema.get(schema) ?? fieldsOf(schema)
  if (schema instanceof $ZodOptional || schema instanceof $ZodNullable) return knownTo(schema._zod.def.innerType)
  if (schema instanceof $ZodArray) return knownTo(schema._zod.def.element)
  return anything
}

function fieldsOf(schema: $ZodObject): Known {
  const { shape, catchall } = schema._zod.def
  if (catchall !== undefined && catchall._zod.def.type !== 'never') return anything
  // Known before it is filled: it may hold itself.
  const known = new Map<string, Known>()
  knownBySchema.set(schema, known)
  for (const [name, inner] of Object.entries(shape as Record<string, Schema>)) known.set(name, knownTo(inner))
  return known
}
