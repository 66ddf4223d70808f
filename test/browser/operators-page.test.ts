import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Kept } from '../../examples/shop/letters'
import { renderPage } from '../../examples/shop/page'
import { violations } from './axe'
import { openBrowser } from './stage'

const shots = new URL('../../.cache/screenshots/', import.meta.url).pathname
mkdirSync(shots, { recursive: true })

let browser: Awaited<ReturnType<typeof openBrowser>>
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

const receivedAt = '2026-11-22T10:00:00.000Z'
const place = { place: 'worker', provider: 'payqi', id: 'w-1', attempts: 1, receivedAt } as const
const kept: readonly Kept[] = [
  { ...place, eventId: 'evt_1', wireType: 'payment.completed', why: 'The amount is not that of the order.' },
  { ...place, eventId: 'W'.repeat(256), wireType: `<b>${'x'.repeat(250)}` },
]
const counts = { waiting: 3, active: 1, delayed: 12, failed: 2 }
const orders = [
  { outcome: 'open', count: 41 },
  { outcome: 'succeeded', count: 17_647 },
]
const looks = (['light', 'dark'] as const).flatMap((colorScheme) => [
  { colorScheme, width: 1280, height: 860 },
  { colorScheme, width: 390, height: 844 },
])

describe.each(looks)("the operator's page, $colorScheme, $width wide", ({ colorScheme, width, height }) => {
  it.each([
    { name: 'full', page: { kept, said: 'Replayed w-1.' } },
    { name: 'none', page: { kept: [], said: '' } },
  ])('$name: nothing for axe to complain of, nothing that sticks out', async ({ name, page: shown }) => {
    const page = await browser.context.newPage()
    onTestFinished(() => page.close())
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setContent(renderPage({ ...shown, counts, orders, token: 't' }))
    await page.screenshot({ path: `${shots}operator-${name}-${colorScheme}-${width}.png`, fullPage: true })
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  })
})
