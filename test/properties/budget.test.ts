import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type PropertyName, runsOf, shares, wanted } from './shares'

const names = Object.keys(shares) as PropertyName[]

it('plays as many cases as are wanted, each property counting its own', () => {
  const sum = names.map(runsOf).reduce((a, b) => a + b, 0)
  console.log(`${sum} cases in ${names.length} properties`)
  expect(sum).toBeGreaterThanOrEqual(wanted)
})

it('has a test for every share', () => {
  const folder = new URL('.', import.meta.url)
  const tests = readdirSync(folder).filter((file) => file.endsWith('.test.ts') && file !== 'budget.test.ts')
  const text = tests.map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n')
  const played = [...text.matchAll(/^\s*property\(\s*'([^']+)'/gm)].map(([, name]) => name)
  expect(played.sort()).toEqual([...names].sort())
})
