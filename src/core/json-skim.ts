import { toBytes } from './bytes'
import {
  backslash,
  closingBrace,
  closingBracket,
  colon,
  comma,
  digit0,
  maxDepth,
  minus,
  openingBrace,
  openingBracket,
  point,
  quote,
} from './json-bytes'
import { isDigit } from './json-numbers'
import { afterSpace } from './json-source'
import { endOfRun } from './json-strings'

/** The answer to what is no plain JSON, right or wrong: the parser must judge it. */
const notPlain = -1

/** Objects with more or longer keys than this are not plain: each key is held against all before it. */
const maxKeys = 16
const maxKeyLength = 256
/** Start and end of the keys of the objects that are open, `maxKeys` for each level. */
const keyStarts = new Int32Array((maxDepth + 1) * maxKeys)
const keyEnds = new Int32Array(keyStarts.length)

/**
 * Index behind the object or array that starts at `at`, on level `depth`, if it is plain JSON from end to end; else -1. Nothing
 * is made of it. Plain is less than JSON: no key with an escape or that is given twice, no `__proto__` or `prototype`, no number that
 * a double might round. Bytes beyond ASCII are taken as they are.
 */
export function skimContainer(bytes: Uint8Array, view: DataView, at: number, depth: number): number {
  if (depth > maxDepth) return notPlain
  const inside = afterSpace(bytes, at + 1)
  return bytes[at] === openingBrace ? skimObject(bytes, view, inside, depth) : skimArray(bytes, view, inside, depth)
}

function skimObject(bytes: Uint8Array, view: DataView, from: number, depth: number): number {
  const firstKey = depth * maxKeys
  let keys = firstKey
  let at = from
  if (bytes[at] === closingBrace) return at + 1
  for (;;) {
    const end = bytes[at] === quote ? endOfRun(bytes, view, at + 1) : notPlain
    if (bytes[end] !== quote || keys === firstKey + maxKeys || !isNew(bytes, at + 1, end, firstKey, keys))
      return notPlain
    keyStarts[keys] = at + 1
    keyEnds[keys++] = end
    at = afterSpace(bytes, end + 1)
    if (bytes[at] !== colon) return notPlain
    at = skimValue(bytes, view, afterSpace(bytes, at + 1), depth)
    if (at === notPlain) return notPlain
    at = afterSpace(bytes, at)
    if (bytes[at] !== comma) return bytes[at] === closingBrace ? at + 1 : notPlain
    at = afterSpace(bytes, at + 1)
  }
}

function skimArray(bytes: Uint8Array, view: DataView, from: number, depth: number): number {
  let at = from
  if (bytes[at] === closingBracket) return at + 1
  for (;;) {
    at = skimValue(bytes, view, at, depth)
    if (at === notPlain) return notPlain
    at = afterSpace(bytes, at)
    if (bytes[at] !== comma) return bytes[at] === closingBracket ? at + 1 : notPlain
    at = afterSpace(bytes, at + 1)
  }
}

function skimValue(bytes: Uint8Array, view: DataView, at: number, depth: number): number {
  const first = bytes[at] ?? 0
  if (first === quote) return afterString(bytes, view, at + 1)
  if (first === openingBrace || first === openingBracket) return skimContainer(bytes, view, at, depth + 1)
  if (first === minus) return afterNumber(bytes, at + 1)
  return isDigit(first) ? afterNumber(bytes, at) : afterWord(bytes, at)
}

const words = ['true', 'false', 'null'].map(toBytes)

function afterWord(bytes: Uint8Array, at: number): number {
  for (const word of words) if (isSame(bytes, at, word, 0, word.length)) return at + word.length
  return notPlain
}

/** Up to so many, a double gives back what it was made of. */
const maxDigits = 15

function afterNumber(bytes: Uint8Array, from: number): number {
  let at = from
  while (isDigit(bytes[at])) at++
  if (at === from || at - from > maxDigits || (bytes[from] === digit0 && at > from + 1)) return notPlain
  if (bytes[at] !== point) return at
  const fraction = ++at
  while (isDigit(bytes[at])) at++
  return at === fraction || at - from > maxDigits ? notPlain : at
}

/** Index behind the string that was opened before `from`. */
function afterString(bytes: Uint8Array, view: DataView, from: number): number {
  let at = endOfRun(bytes, view, from)
  while (bytes[at] === backslash) {
    const length = escapeLength(bytes, at + 1)
    if (length === 0) return notPlain
    at = endOfRun(bytes, view, at + 1 + length)
  }
  return bytes[at] === quote ? at + 1 : notPlain
}

/** How long an escape is by its letter: 1 or, with the four digits of `u`, 5; 0 for what is none. */
const escapeLengths = Uint8Array.from({ length: 256 }, (_, byte) => {
  const letter = String.fromCharCode(byte)
  return letter === 'u' ? 5 : '"\\/bfnrt'.includes(letter) ? 1 : 0
})
const isHexDigit = Uint8Array.from({ length: 256 }, (_, byte) => Number(/[\da-f]/i.test(String.fromCharCode(byte))))

function escapeLength(bytes: Uint8Array, at: number): number {
  const length = escapeLengths[bytes[at] ?? 0] ?? 0
  for (let digit = 1; digit < length; digit++) if (isHexDigit[bytes[at + digit] ?? 0] !== 1) return 0
  return length
}

const harmful = ['__proto__', 'prototype'].map(toBytes)
const harmfulLength = 9

function isHarmful(bytes: Uint8Array, start: number): boolean {
  return harmful.some((name) => isSame(bytes, start, name, 0, harmfulLength))
}

/** Whether a key is harmless, and none of those before it in its object. */
function isNew(bytes: Uint8Array, start: number, end: number, firstKey: number, keys: number): boolean {
  const length = end - start
  if (length > maxKeyLength) return false
  for (let key = firstKey; key < keys; key++) {
    const other = keyStarts[key] ?? 0
    if ((keyEnds[key] ?? 0) - other === length && isSame(bytes, start, bytes, other, length)) return false
  }
  return length !== harmfulLength || !isHarmful(bytes, start)
}

function isSame(bytes: Uint8Array, at: number, others: Uint8Array, from: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== others[from + i]) return false
  return true
}
