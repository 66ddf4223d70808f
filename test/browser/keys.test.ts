import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { genuine } from './deliveries'
import { openBrowser, openStage } from './stage'

let browser: Awaited<ReturnType<typeof openBrowser>>
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

async function stage() {
  const opened = await openStage(browser.context)
  onTestFinished(opened.close)
  for (const id of ['pay_1', 'pay_2', 'pay_3']) await opened.send(genuine(id, new Date()))
  await expect.poll(() => opened.page.locator('.deliveries a').count()).toBe(3)
  const { page } = opened
  const focused = () =>
    page.evaluate(() => document.activeElement?.textContent ?? document.activeElement?.tagName ?? '')
  /** Presses Tab until what has the focus is called so. */
  const tabTo = async (name: string | RegExp) => {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab')
      if ((await focused()).match(name)) return
    }
    throw new Error(`Tab never came to ${name}`)
  }
  return { ...opened, focused, tabTo }
}

describe('by keyboard alone', () => {
  it('finds, opens, replays and changes a delivery', async () => {
    const { page, tabTo, focused } = await stage()
    await tabTo(/#3/)
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toContain('#2')
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    await page.locator('.line-of', { hasText: '#1' }).waitFor()
    expect(await page.locator('.deliveries a[aria-current]').innerText()).toContain('#1')

    await tabTo(/^Replay$/)
    await page.keyboard.press('Enter')
    await page.getByText('Attempts (2)').waitFor()

    await tabTo(/^Change and resend/)
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor()
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA')
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    expect(await focused()).toMatch(/^Change and resend/)

    await page.keyboard.press('Space')
    await page.locator('dialog[open] textarea:focus').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowDown')
    expect(await page.getByLabel('Leave them as they were').isChecked()).toBe(true)
    await tabTo(/^Send$/)
    await page.keyboard.press('Enter')
    await page.getByText('Attempts (3)').waitFor()
  })

  it('filters and searches', async () => {
    const { page } = await stage()
    await page.getByRole('searchbox').focus()
    await page.keyboard.type('pay_2')
    await expect.poll(() => page.locator('.deliveries a').count()).toBe(1)
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowRight')
    expect(await page.locator('.chip input:checked + span').innerText()).toContain('Fine')
  })

  it('turns between the two ways to show a body', async () => {
    const { page, show, tabTo } = await stage()
    await show(1)
    await tabTo(/^Laid out$/)
    await page.keyboard.press('ArrowRight')
    expect(await page.getByRole('tab', { selected: true }).innerText()).toBe('As received')
    expect(await page.getByRole('region', { name: 'Body' }).innerText()).toMatch(/^\{"event":"payment.received"/)
  })

  it('shows where the focus is', async () => {
    const { page, tabTo } = await stage()
    for (const name of [/^Copy/, /^Clear$/, /#3/]) {
      await tabTo(name)
      const outline = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement ?? document.body)
        return `${outlineWidth} ${outlineStyle}`
      })
      expect(outline).toBe('2px solid')
    }
  })
})
