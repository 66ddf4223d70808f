import { colon, quote } from './json-bytes'
import { afterSpace, harmful, type JsonSource, malformed, notJson } from './json-source'
import { readString } from './json-strings'

/** Texts may hold any number of keys: after so many new ones all are forgotten, whoever sent them, and learned anew. */
const maxNew = 1024
const maxOthers = 8
const maxSpelling = 64

const unspelled: readonly number[] = []

/** A key as it stands in an object, and the keys that are known to come behind it there. */
export class Key {
  readonly name: string
  /** How it is written, from behind its opening quote up to its colon. Left out where it is not learned. */
  readonly spelling: readonly number[] | undefined
  /** Whether every object has something by that name already. */
  readonly isInherited: boolean
  /** The first that came behind it. */
  next: Key | undefined = undefined
  others: readonly Key[] = []
  /** What stands before the first key of an object that is its value. */
  inner: Key | undefined = undefined

  constructor(name: string, spelling: readonly number[] | undefined) {
    this.name = name
    this.spelling = spelling
    this.isInherited = name in Object.prototype
  }
}

/**
 * The keys of objects, learned in the order in which they came. Senders write the same objects again and again: most keys need neither
 * be decoded nor be held against those before them, since what is known to come behind a key is none of them.
 */
export class JsonKeys {
  #root = new Key('', unspelled)
  #new = 0

  /** That of a text as a whole. */
  get root(): Key {
    return this.#root
  }

  /** What stands before the first key of an object that is the value of `key`, or in an array that is. */
  within(key: Key): Key {
    if (key.spelling === undefined) return key
    key.inner ??= new Key('', unspelled)
    return key.inner
  }

  /** Reads the key that is next, and its colon. `before` is the one before it in `object`, which has all that came so far. */
  read(source: JsonSource, before: Key, object: object): Key {
    const { next, others } = before
    if (next === undefined) return this.#readNew(source, before, object)
    if (skips(source, next)) return next
    for (const key of others) if (skips(source, key)) return key
    return this.#readNew(source, before, object)
  }

  #readNew(source: JsonSource, before: Key, object: object): Key {
    const { bytes, at } = source
    if (bytes[at] !== quote) throw notJson()
    const name = readString(source)
    if (Object.hasOwn(object, name)) throw malformed('It gives a key twice.')
    if (name === '__proto__') throw harmful()
    const end = afterSpace(bytes, source.at)
    if (bytes[end] !== colon) throw notJson()
    source.at = afterSpace(bytes, end + 1)
    return this.#learned(before, name, bytes.subarray(at + 1, end + 1))
  }

  #learned(before: Key, name: string, spelling: Uint8Array): Key {
    if (++this.#new > maxNew) this.#forget()
    const isPlain = spelling.length === name.length + 2 && spelling.length <= maxSpelling
    if (!isPlain || before.spelling === undefined || before.others.length === maxOthers) return new Key(name, undefined)
    // A copy: the body is somebody else's, who may write the next one over it.
    const key = new Key(internalized(name), [...spelling])
    if (before.next === undefined) before.next = key
    else before.others = [...before.others, key]
    return key
  }

  #forget(): void {
    this.#root = new Key('', unspelled)
    this.#new = 0
  }
}

/** Goes on behind a key and its colon, if they are next. */
function skips(source: JsonSource, { spelling = unspelled }: Key): boolean {
  const { bytes } = source
  const start = source.at + 1
  // No spelling has a quote before its end, so this is a key from its beginning.
  if (bytes[source.at] !== quote) return false
  for (let i = 0; i < spelling.length; i++) if (bytes[start + i] !== spelling[i]) return false
  source.at = afterSpace(bytes, start + spelling.length)
  return true
}

/** The same text as engines keep it for names of properties: nothing has to be looked up when it is used as one. */
function internalized(name: string): string {
  return Object.keys({ [name]: true })[0] ?? name
}
