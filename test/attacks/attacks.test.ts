import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { themes } from './all'
import { documentUrl, resultOf, writeDocument } from './document'

const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(() => void process.off('unhandledRejection', note))

describe.each(Object.entries(themes))('%s', (_, attacks) => {
  it.each(attacks)('$row: $name', async (attack) => {
    expect((await resultOf(attack)).failures).toEqual([])
  })
})

describe('the threat model', () => {
  it('answers all 38 rows of the attack list', () => {
    const rows = Object.values(themes).flatMap((attacks) => attacks.map(({ row }) => row))
    expect(new Set(rows).size).toBe(rows.length)
    expect(Array.from({ length: 38 }, (_, index) => String(index + 1)).filter((row) => !rows.includes(row))).toEqual([])
  })

  it('is what a run gives: else `npm run threat-model`', async () => {
    const { text } = await writeDocument()
    expect(existsSync(documentUrl) && readFileSync(documentUrl, 'utf8')).toBe(text)
  }, 120_000)

  it('no try has left a promise that nobody looked at', () => expect(unhandled).toEqual([]))
})
