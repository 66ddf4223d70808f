import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonObject, parseShallow } from '../../src/core/json'
import { describeVectors, readVector, vectorPath } from '../support/vectors'
import { edited, edits, told } from './json-edits'
import { choices, extras, object, tape, write } from './json-texts'
import { property } from './play'

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The whole value where an object or array below so many levels may stand there empty. */
function isShallowOf(shallow: unknown, whole: unknown, levels: number): boolean {
  if (!isContainer(whole) || !isContainer(shallow)) return Object.is(shallow, whole)
  const names = Object.keys(whole)
  if (levels === 0 && Array.isArray(shallow) === Array.isArray(whole) && Object.keys(shallow).length === 0) return true
  return (
    Array.isArray(shallow) === Array.isArray(whole) &&
    names.length === Object.keys(shallow).length &&
    names.every((name) =>
      isShallowOf(shallow[name as keyof object], whole[name as keyof object], Math.max(levels - 1, 0)),
    )
  )
}

/** Less than this is not worth leaving out. */
const filler = 'x'.repeat(1024)

let cut = 0

function compare(bytes: Uint8Array, levels: number): void {
  const whole = told(() => parseJsonObject(bytes))
  const shallow = told(() => parseShallow(bytes, levels))
  if (typeof whole === 'string' || typeof shallow === 'string') {
    expect(shallow).toBe(whole)
    return
  }
  expect(isShallowOf(shallow.object, whole, levels)).toBe(true)
  if (shallow.whole !== undefined) cut++
  expect(JSON.stringify((shallow.whole ?? (() => shallow.object))())).toBe(JSON.stringify(whole))
}

describe('parseShallow', () => {
  property(
    'a payload parsed to some depth is that of the whole, and refused where the whole is',
    fc.record({
      more: fc.array(extras, { maxLength: 3 }),
      style: fc.oneof(choices, fc.constant([0])),
      changes: edits,
      levels: fc.integer({ min: 1, max: 5 }),
    }),
    ({ more, style, changes, levels }) => {
      const deep = more.reduce(
        (within, { members }) => object(...members, ['inner', [within, filler, within]]),
        object(),
      )
      compare(edited(Buffer.from(write(deep, tape(style))), changes), levels)
    },
  )

  it('was cut often', () => {
    expect(cut).toBeGreaterThan(5)
  })
})

describeVectors('jsontestsuite/test_parsing', () => {
  it('refuses and takes what the whole parser does, on every level', () => {
    for (const name of readdirSync(vectorPath('jsontestsuite/test_parsing'))) {
      const bytes = readVector(`jsontestsuite/test_parsing/${name}`)
      for (const [before, after] of [
        ['{"a":', '}'],
        ['{"a":[', ']}'],
        ['{"b":1,"a":{"b":[0,', ']}}'],
      ] as const)
        for (const levels of [1, 2, 3, 4])
          compare(Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]), levels)
    }
  })
})
