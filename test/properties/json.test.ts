import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/core/json'
import { JsonKeys } from '../../src/core/json-keys'
import { isWebhookError } from '../../src/errors'
import { arrived, choices, extras, object, tape, write } from './json-texts'
import { property } from './play'

/** What JSON is made of, and what is in it only by mistake or on purpose. */
const pieces = [
  ...'{}[]",:\\/0123456789eE.+-tfnu \n\t\r\u0000\u001f\u007fé\ufeff',
  ...[
    '{}',
    '[]',
    '{"a":1}',
    '[1,2]',
    '"a":',
    '"a":1,"a":2',
    'true',
    'null',
    'nul',
    '1e999',
    '-0',
    '01',
    '1.',
    '\\u0061',
    '\\u00',
  ],
  ...[
    '"__proto__":1',
    '"prototype":{}',
    '"constructor":{"prototype":1}',
    '{"a":[{"b":[]}]}',
    '['.repeat(40),
    ']'.repeat(40),
  ],
]
/** A few changes to a text. */
const edits = fc.array(
  fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.oneof(fc.constant(''), fc.constantFrom(...pieces)) }),
  { maxLength: 3 },
)

function edited(bytes: Buffer, changes: readonly { at: number; remove: number; insert: string }[]): Buffer {
  return changes.reduce((whole, { at, remove, insert }) => {
    const start = at % (whole.length + 1)
    return Buffer.concat([whole.subarray(0, start), Buffer.from(insert), whole.subarray(start + remove)])
  }, bytes)
}

/** A value, or the words with which it is refused. */
function told<T>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    if (isWebhookError(error)) return error.message
    throw error
  }
}

/** Those of all texts of this file, one after another. */
const learned = new JsonKeys()

const seen = { read: 0, refused: 0, exact: 0 }

/** What the parser of the platform makes of it, where that is one reading: else what `parseJson` must do is not for it to say. */
function platform(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) }
  } catch {
    return undefined
  }
}

/** Numbers that may come as text. */
const mayBeInexact = /[\d.]{15}|\d\.?e/i

/** Not held against each other by `toStrictEqual`, which takes a member named `constructor` for what made an object. */
function agree(bytes: Uint8Array): void {
  const fresh = told(() => ({ value: parseJson(bytes, new JsonKeys()) }))
  // What other texts taught must show in nothing.
  expect(
    isDeepStrictEqual(
      told(() => ({ value: parseJson(bytes, learned) })),
      fresh,
    ),
  ).toBe(true)
  const expected = platform(bytes)
  if (typeof fresh === 'string') {
    seen.refused++
    if (expected !== undefined) expect(fresh).toMatch(/key twice|object prototype|deeper than/)
    return
  }
  seen.read++
  expect(expected).toBeDefined()
  if (mayBeInexact.test(Buffer.from(bytes).toString())) return
  seen.exact++
  expect(JSON.stringify(fresh.value)).toBe(JSON.stringify(expected?.value))
  expect(isDeepStrictEqual(fresh.value, expected?.value)).toBe(true)
}

const deep = (more: readonly ReturnType<typeof object>[]) =>
  more.reduce((within, { members }) => object(...members, ['inner', [within, within]]), object())

describe('parseJson', () => {
  it('reads a member named constructor that could do no harm', () => {
    agree(Buffer.from('{"constructor":{"prototyp":1},"a":{"constructor":[{"toString":1}]}}'))
    expect(told(() => parseJson(Buffer.from('{"constructor":{"prototype":1}}')))).toContain('prototype')
  })

  property(
    'a text is read as the parser of the platform reads it, or refused, whatever was read before',
    fc.record({
      more: fc.array(extras, { maxLength: 3 }),
      style: fc.oneof(choices, fc.constant([0])),
      changes: edits,
      which: fc.nat(),
    }),
    ({ more, style, changes, which }) => {
      const sent = deep(more)
      const text = write(sent, tape(style))
      expect(arrived(parseJson(Buffer.from(text), learned), sent)).toBe(true)
      const again = sent.members[which % sent.members.length]
      if (again !== undefined) {
        const twice = write(object(['outer', [object(...sent.members, again)]]), tape(style))
        expect(told(() => parseJson(Buffer.from(twice), learned))).toContain('twice')
      }
      agree(edited(Buffer.from(text), changes))
    },
  )

  it('saw all kinds', () => {
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(20)
  })
})
