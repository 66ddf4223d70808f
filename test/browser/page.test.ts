import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { genuine, signed } from './deliveries'
import { openBrowser, openStage } from './stage'

let browser: Awaited<ReturnType<typeof openBrowser>>
beforeAll(async () => {
  browser = await openBrowser({ permissions: ['clipboard-read', 'clipboard-write'] })
})
afterAll(() => browser.close())

async function stage(settings: Parameters<typeof openStage>[1] = {}) {
  const opened = await openStage(browser.context, settings)
  onTestFinished(opened.close)
  return opened
}

const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText())
const rows = (page: Page) => page.locator('.deliveries a')

describe('as deliveries come', () => {
  it('says how to send one where there is none, and copies the command', async () => {
    const { page, receivesAt, problems } = await stage()
    await page.getByRole('heading', { name: 'No deliveries yet' }).waitFor()
    await page.locator('.command').getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await clipboard(page)).toBe(`payproof send caspay payment.received --to ${receivesAt}`)
    expect(problems).toEqual([])
  })

  it('shows each at once, the newest first, and announces it', async () => {
    const { page, send, show, problems } = await stage()
    const first = genuine('pay_1', new Date())
    for (const each of [first, first, genuine('pay_2', new Date(), {}, 'another-secret-0123456789')]) await send(each)
    await expect.poll(() => rows(page).count()).toBe(3)
    expect(await rows(page).nth(0).innerText()).toContain('signature_mismatch')
    expect(await rows(page).nth(1).innerText()).toMatch(/payment\.received[\s\S]*150\.5 CSPR[\s\S]*duplicate · 200/)
    expect(await page.locator('[aria-live]').innerText()).toContain('Delivery 3: signature_mismatch, rejected · 401')
    await show(1)
    const article = page.locator('article')
    expect(await article.innerText()).toMatch(/verified[\s\S]*processed · 200[\s\S]*150\.5 CSPR[\s\S]*Attempts \(2\)/)
    await page.getByText('Typed event').click()
    expect(await page.getByRole('region', { name: 'Typed event' }).innerText()).toContain('"type": "payment.received"')
    expect(problems).toEqual([])
  })

  it('names the cause where something rewrote the body', async () => {
    const { page, send, show } = await stage()
    const { headers, body } = genuine('pay_1', new Date())
    await send({ headers, body: JSON.stringify(JSON.parse(String(body)), null, 2) })
    await show(1)
    expect(await page.locator('.reason').innerText()).toMatch(/parsed it and wrote it anew[\s\S]*body_compact/)
  })

  it('is found by words and by kind', async () => {
    const { page, send } = await stage()
    for (const id of ['pay_alpha', 'pay_beta']) await send(genuine(id, new Date()))
    await send(signed('no json'))
    await expect.poll(() => rows(page).count()).toBe(3)
    await page.getByRole('radio', { name: 'Refused' }).check({ force: true })
    expect(await rows(page).allInnerTexts()).toEqual([expect.stringContaining('payload_malformed')])
    await page.getByRole('radio', { name: 'All' }).check({ force: true })
    await page.getByRole('searchbox').fill('beta 150.5')
    expect(await rows(page).allInnerTexts()).toEqual([expect.stringContaining('#2')])
    await page.getByRole('searchbox').fill('nowhere')
    await page.getByRole('button', { name: 'Show all deliveries' }).click()
    await expect.poll(() => rows(page).count()).toBe(3)
  })

  it('keeps up with a thousand, of which it keeps what it says', async () => {
    const { page, send, problems } = await stage({ maxDeliveries: 50 })
    for (let batch = 0; batch < 20; batch++)
      await Promise.all(Array.from({ length: 50 }, (_, i) => send(genuine(`pay_${batch}_${i}`, new Date()))))
    await expect.poll(async () => (await rows(page).first().innerText()).includes('#1000')).toBe(true)
    expect(await rows(page).count()).toBe(50)
    expect(problems).toEqual([])
  })
})

describe('sending again and copying', () => {
  it('replays, and shows it in the time line', async () => {
    const { page, send, show } = await stage()
    await send(genuine('pay_1', new Date()))
    await show(1)
    await page.getByRole('button', { name: 'Replay' }).click()
    await page.getByText('Attempts (2)').waitFor()
    expect(await page.locator('.time-line li').nth(1).innerText()).toMatch(
      /#2[\s\S]*duplicate · 200[\s\S]*from #1, as it was/,
    )
  })

  it('signs a change anew, or leaves the signature to be refused', async () => {
    const { page, send, show } = await stage()
    await send(genuine('pay_1', new Date()))
    await show(1)
    for (const [label, row] of [
      ['Sign it anew', /payment\.received[\s\S]*9000 CSPR[\s\S]*processed · 200/],
      ['Leave them as they were', /signature_mismatch[\s\S]*rejected · 401/],
    ] as const) {
      await page.getByRole('button', { name: 'Change and resend' }).click()
      const body = page.getByRole('textbox', { name: 'Body' })
      await body.fill((await body.inputValue()).replace('150.5', '9000').replace('pay_1', 'pay_dear'))
      await page.getByLabel(label).check()
      await page.getByRole('button', { name: 'Send', exact: true }).click()
      await page.locator('dialog').waitFor({ state: 'detached' })
      await expect.poll(() => rows(page).first().innerText()).toMatch(row)
    }
  })

  it('copies a fixture and a command', async () => {
    const { page, send, show, receivesAt } = await stage()
    const { body } = genuine('pay_1', new Date())
    await send(signed(body))
    await show(1)
    await page.getByRole('button', { name: 'Copy as fixture' }).click()
    await expect.poll(() => clipboard(page)).toContain('body_base64')
    const fixture = JSON.parse(await clipboard(page)) as { body_base64: string; provider: string }
    expect(fixture.provider).toBe('caspay')
    expect(Buffer.from(fixture.body_base64, 'base64').toString()).toBe(body)
    await page.getByRole('button', { name: 'Copy as curl' }).click()
    await expect.poll(() => clipboard(page)).toContain(`curl -sS -i -X POST \\\n  '${receivesAt}'`)
  })

  it('cuts what is long, and gives it whole as a download', async () => {
    const { page, send, show } = await stage()
    const body = JSON.stringify({ filler: '<b>'.repeat(300_000) })
    await send(signed(body))
    await show(1)
    await page.getByText('This is its beginning').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download it whole' }).click(),
    ])
    expect(readFileSync(await download.path(), 'utf8')).toBe(body)
    expect(download.suggestedFilename()).toBe('delivery-1.bin')
  })
})

describe('when something is wrong', () => {
  it('says what to do when payproof has stopped, and keeps what came', async () => {
    const { page, send, show, stop } = await stage()
    await send(genuine('pay_2', new Date()))
    await show(1)
    await stop()
    const alert = page.getByRole('alert').filter({ hasText: 'payproof does not answer' })
    await alert.waitFor()
    expect(await alert.innerText()).toContain('payproof listen --provider caspay --port 4000')
    expect(await page.locator('.steps').isVisible()).toBe(true)
    await page.getByRole('button', { name: 'Replay' }).click()
    await page.getByText('Is it still running?').waitFor()
  })

  it('says that a delivery is no longer kept', async () => {
    const { page, send, show } = await stage({ maxDeliveries: 2 })
    await send(genuine('pay_1', new Date()))
    await show(1)
    for (const id of ['pay_2', 'pay_3']) await send(genuine(id, new Date()))
    await page.getByText('It is no longer kept').waitFor()
  })

  it('says what an app that answers wrongly may be missing', async () => {
    const { page, send, show } = await stage({ app: (_, res) => void res.writeHead(401).end('no') })
    await send(genuine('pay_1', new Date()))
    await show(1)
    expect(await page.locator('.reason').innerText()).toContain('Has your app the same secret')
    expect(await rows(page).first().innerText()).toContain('forwarded · 401')
  })
})
