import fc from 'fast-check'
import { isWebhookError } from '../../src/errors'

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
export const edits = fc.array(
  fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.oneof(fc.constant(''), fc.constantFrom(...pieces)) }),
  { maxLength: 3 },
)

export function edited(bytes: Buffer, changes: readonly { at: number; remove: number; insert: string }[]): Buffer {
  return changes.reduce((whole, { at, remove, insert }) => {
    const start = at % (whole.length + 1)
    return Buffer.concat([whole.subarray(0, start), Buffer.from(insert), whole.subarray(start + remove)])
  }, bytes)
}

/** A value, or the words with which it is refused. */
export function told<T>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    if (isWebhookError(error)) return error.message
    throw error
  }
}
