import { toBytes } from './bytes'
import {
  closingBrace,
  closingBracket,
  comma,
  digit0,
  digit9,
  maxDepth,
  minus,
  openingBrace,
  openingBracket,
  quote,
} from './json-bytes'
import type { JsonKeys, Key } from './json-keys'
import { readNumber } from './json-numbers'
import { afterSpace, harmful, JsonSource, malformed, notJson } from './json-source'
import { readString } from './json-strings'

/** Reads one JSON text, in one pass over its bytes. */
export class JsonReader {
  readonly #source: JsonSource
  readonly #keys: JsonKeys

  constructor(bytes: Uint8Array, keys: JsonKeys) {
    this.#source = new JsonSource(bytes)
    this.#keys = keys
  }

  read(): unknown {
    const { bytes } = this.#source
    this.#source.at = afterSpace(bytes, 0)
    const value = this.#value(1, this.#keys.root)
    if (afterSpace(bytes, this.#source.at) < bytes.length) throw notJson()
    return value
  }

  /** The value that is next, that of `key` or in it. `depth` is its level, if it is an object or array. */
  #value(depth: number, key: Key): unknown {
    const { bytes, at } = this.#source
    const first = bytes[at] ?? 0
    if (first === quote) return readString(this.#source)
    if (first === openingBrace || first === openingBracket) return this.#container(first, depth, key)
    if (first === minus || (first >= digit0 && first <= digit9)) return readNumber(this.#source)
    return readWord(this.#source)
  }

  #container(first: number, depth: number, key: Key): unknown {
    if (depth > maxDepth) throw malformed(`It nests deeper than ${maxDepth} levels.`)
    const { bytes, at } = this.#source
    this.#source.at = afterSpace(bytes, at + 1)
    return first === openingBrace ? this.#object(depth, key) : this.#array(depth, key)
  }

  #object(depth: number, within: Key): object {
    const source = this.#source
    const { bytes } = source
    const object: Record<string, unknown> = {}
    if (isAfter(source, closingBrace)) return object
    for (let key = this.#keys.within(within); ; ) {
      key = this.#keys.read(source, key, object)
      const member = this.#value(depth + 1, key)
      if (key.isInherited) define(object, key.name, member)
      else object[key.name] = member
      if (!goesOn(source, bytes, closingBrace)) return object
    }
  }

  #array(depth: number, within: Key): unknown[] {
    const source = this.#source
    const items: unknown[] = []
    if (isAfter(source, closingBracket)) return items
    do items.push(this.#value(depth + 1, within))
    while (goesOn(source, source.bytes, closingBracket))
    return items
  }
}

/** Goes on behind a closing bracket, if it is next. */
function isAfter(source: JsonSource, closing: number): boolean {
  if (source.bytes[source.at] !== closing) return false
  source.at++
  return true
}

/** Goes on behind a comma, or else behind a closing bracket: whether it was the comma. */
function goesOn(source: JsonSource, bytes: Uint8Array, closing: number): boolean {
  const at = afterSpace(bytes, source.at)
  const byte = bytes[at]
  if (byte === comma) {
    source.at = afterSpace(bytes, at + 1)
    return true
  }
  if (byte !== closing) throw notJson()
  source.at = at + 1
  return false
}

const words = {
  true: { bytes: [...toBytes('true')], value: true },
  false: { bytes: [...toBytes('false')], value: false },
  null: { bytes: [...toBytes('null')], value: null },
} as const

function readWord(source: JsonSource): boolean | null {
  const { bytes, at } = source
  const first = bytes[at]
  const word = first === 0x74 ? words.true : first === 0x66 ? words.false : words.null
  for (let i = 0; i < word.bytes.length; i++) if (bytes[at + i] !== word.bytes[i]) throw notJson()
  source.at = at + word.bytes.length
  return word.value
}

/** What is assigned to a name that objects inherit may end elsewhere, or nowhere. */
function define(object: object, name: string, member: unknown): void {
  if (name === 'constructor' && typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype'))
    throw harmful()
  Object.defineProperty(object, name, { value: member, writable: true, enumerable: true, configurable: true })
}
