import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseJson } from '../../src/core/json'
import { describeVectors, readJsonVector, readVector, vectorPath } from '../support/vectors'
import { number } from './json-texts'
import { freshReceiver, type Sender, signers, spell } from './senders'

// One key given twice has two readings: refused on purpose.
const refusedOnPurpose = new Set(['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json'])

// Every form once; where somebody waits for it, one.
const senders = signers.filter(({ name }) =>
  process.env['CI'] === 'true' ? !name.includes('X-') : name === 'payvost, main, Payvost-Signature, t=',
)

const mark = '"MARK"'
const none = { members: [] }

/** The body of a genuine delivery with these bytes where a value would be. */
function around(sender: Sender, content: Uint8Array): Buffer {
  const more = [{ members: [['extra', 'MARK'] as const] }, none, none, none]
  const { bytes } = spell(sender.body({ id: 'id_1', amount: number('1') }), more, [0], [0])
  const at = bytes.indexOf(mark)
  return Buffer.concat([bytes.subarray(0, at), content, bytes.subarray(at + mark.length)])
}

async function verdict(sender: Sender, body: Uint8Array): Promise<string> {
  let handled = 0
  const request = { method: 'POST', headers: sender.headers(body), body }
  const outcome = await freshReceiver(sender.provider).receive(request, () => {
    handled++
  })
  expect(handled).toBe(outcome.kind === 'processed' ? 1 : 0)
  return 'error' in outcome ? `${outcome.error.code} ${outcome.reply.status}` : outcome.kind
}

const refused = 'payload_malformed 400'

describeVectors('outside JSON data, signed', () => {
  const files = readdirSync(vectorPath('jsontestsuite/test_parsing')).map(
    (name) => [name, readVector(`jsontestsuite/test_parsing/${name}`)] as const,
  )

  it.each(senders)('JSONTestSuite, inside and as the whole body: $name', async (sender) => {
    let played = 0
    for (const [name, bytes] of files) {
      const inside = await verdict(sender, around(sender, bytes))
      const whole = await verdict(sender, bytes)
      played += 2
      if (name.startsWith('y_'))
        expect([name, inside]).toEqual([name, refusedOnPurpose.has(name) ? refused : 'processed'])
      if (name.startsWith('n_')) expect([name, inside, whole]).toEqual([name, refused, refused])
      if (name.startsWith('i_'))
        expect([name, ['processed', refused]]).toEqual([name, expect.arrayContaining([inside])])
      // None of them is an event.
      expect([name, whole === 'processed']).toEqual([name, false])
    }
    console.log(`${played} texts, JSONTestSuite: ${sender.name}`)
    expect(played).toBe(2 * (95 + 188 + 35))
  })

  it.each(senders)('naughty strings arrive as they were sent: $name', async (sender) => {
    const strings = readJsonVector<string[]>('blns/blns.json')
    for (const text of strings) {
      const body = around(sender, Buffer.from(JSON.stringify(text)))
      const event = await freshReceiver(sender.provider).verify({ headers: sender.headers(body), body })
      const parsed = parseJson(event.rawBody) as { extra: unknown }
      expect(parsed.extra).toBe(text)
      // As it is, where it happens to be JSON.
      expect([text, ['processed', refused]]).toEqual([
        text,
        expect.arrayContaining([await verdict(sender, around(sender, Buffer.from(text)))]),
      ])
    }
    console.log(`${strings.length * 2} texts, naughty strings: ${sender.name}`)
    expect(strings.length).toBe(515)
  })

  it.each(senders)('valid UTF-8 is taken and invalid refused: $name', async (sender) => {
    const seen = { valid: 0, invalid: 0 }
    for (const { line, valid, content } of utf8Lines()) {
      const json = Buffer.concat([Buffer.from('"'), content, Buffer.from('"')])
      expect([line, await verdict(sender, around(sender, json))]).toEqual([line, valid ? 'processed' : refused])
      seen[valid ? 'valid' : 'invalid']++
    }
    console.log(`${seen.valid + seen.invalid} texts, UTF-8: ${sender.name}`)
    expect(seen.valid).toBeGreaterThan(60)
    expect(seen.invalid).toBeGreaterThan(130)
  })
})

/** Lines of `number:valid:text` and `number:(in)valid hex:bytes`; those that no JSON string could hold are left out. */
function utf8Lines() {
  const lines = readVector('utf8/utf8tests.txt').toString('latin1').split('\n')
  return lines.flatMap((line) => {
    const [, kind, text = ''] = /^[^#:]+:(valid|valid hex|invalid hex):([^:]*)/.exec(line) ?? []
    if (kind === undefined) return []
    const content = kind === 'valid' ? Buffer.from(text, 'latin1') : Buffer.from(text.replaceAll(' ', ''), 'hex')
    const holds = !content.some((byte) => byte < 0x20 || byte === 0x22 || byte === 0x5c)
    return holds ? [{ line, valid: kind !== 'invalid hex', content }] : []
  })
}
