import { mkdirSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { violations } from './axe'
import { genuine, signed } from './deliveries'
import { openBrowser, openStage } from './stage'

const shots = new URL('../../.cache/screenshots/', import.meta.url).pathname
mkdirSync(shots, { recursive: true })

let browser: Awaited<ReturnType<typeof openBrowser>>
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

type Stage = Awaited<ReturnType<typeof openStage>>
const states: { name: string; prepare(stage: Stage): Promise<unknown> }[] = [
  { name: 'empty', prepare: ({ page }) => page.getByText('No deliveries yet').waitFor() },
  {
    name: 'processed',
    async prepare({ send, show }) {
      const twice = genuine('pay_1', new Date())
      for (const each of [twice, twice]) await send(each)
      await show(1)
    },
  },
  {
    name: 'refused',
    async prepare({ send, show }) {
      await send(genuine('pay_1', new Date()))
      await send(genuine('pay_2', new Date(), {}, 'another-secret-0123456789'))
      await show(2)
    },
  },
  {
    name: 'hostile',
    async prepare({ send, show }) {
      await send(signed('<script>alert(1)</script>\u0000\u001b[31m\u202e \u200b'))
      await show(1)
    },
  },
  {
    name: 'dialog',
    async prepare({ page, send, show }) {
      await send(genuine('pay_1', new Date()))
      await show(1)
      await page.getByRole('button', { name: 'Change and resend' }).click()
      await page.locator('dialog[open]').waitFor()
    },
  },
  {
    name: 'gone',
    async prepare({ page, send, show, stop }) {
      await send(genuine('pay_1', new Date()))
      await show(1)
      await stop()
      await page.getByText('payproof does not answer').waitFor()
    },
  },
]
const looks = (['light', 'dark'] as const).flatMap((colorScheme) => [
  { colorScheme, width: 1280, height: 860 },
  { colorScheme, width: 390, height: 844 },
])

describe.each(looks)('$colorScheme, $width wide', ({ colorScheme, width, height }) => {
  it.each(states)('$name: nothing for axe to complain of, nothing that sticks out', async ({ name, prepare }) => {
    const stage = await openStage(browser.context)
    onTestFinished(stage.close)
    const { page } = stage
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await prepare(stage)
    await page.screenshot({ path: `${shots}${name}-${colorScheme}-${width}.png` })
    expect(await violations(page)).toEqual([])
    const sticksOut = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(sticksOut).toBeLessThanOrEqual(0)
  })
})

describe('the colours', () => {
  const paper = (page: Page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)

  it('follow the system, unless chosen, and stay chosen', async () => {
    const { page, close } = await openStage(browser.context)
    onTestFinished(close)
    await page.emulateMedia({ colorScheme: 'light' })
    const light = await paper(page)
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await paper(page)
    expect(dark).not.toBe(light)
    await page.getByLabel('Colours').selectOption('light')
    expect(await paper(page)).toBe(light)
    await page.reload()
    await page.getByText('Live', { exact: true }).waitFor()
    expect(await paper(page)).toBe(light)
  })

  it('change at once where motion is to be reduced', async () => {
    const { page, close, send } = await openStage(browser.context)
    onTestFinished(close)
    await send(genuine('pay_1', new Date()))
    await page.locator('.deliveries a').waitFor()
    const duration = () =>
      page.evaluate(() => getComputedStyle(document.querySelector('.deliveries a') ?? document.body).transitionDuration)
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    expect(await duration()).toBe('0.12s')
    await page.emulateMedia({ reducedMotion: 'reduce' })
    expect(await duration()).toBe('0s')
  })
})

it('on a phone it goes to a delivery and back', async () => {
  const { page, close, send, show } = await openStage(browser.context)
  onTestFinished(close)
  await page.setViewportSize({ width: 390, height: 844 })
  await send(genuine('pay_1', new Date()))
  await show(1)
  expect(await page.locator('.deliveries').isVisible()).toBe(false)
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H2')
  await page.getByRole('link', { name: 'All deliveries' }).click()
  expect(await page.locator('.deliveries').isVisible()).toBe(true)
  await page.goBack()
  expect(await page.locator('article').isVisible()).toBe(true)
})
