import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { caspay, createReceiver, memoryStore } from '../../src'
import { inspector } from '../../src/inspector'
import { genuine, type Sent, secret, signed } from './deliveries'
import { openBrowser, openStage } from './stage'

let browser: Awaited<ReturnType<typeof openBrowser>>
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

const run = 'window.pwned = true'
const markup = [
  `<script>${run}</script>`,
  `<img src=x onerror="${run}">`,
  `</pre></script><svg onload="${run}">`,
  `"><iframe srcdoc="<script>parent.pwned=true</script>">`,
  `<a href="javascript:${run}">x</a>`,
  `<style>body{background:url(http://evil.test/)}</style>`,
  '<meta http-equiv="refresh" content="0;url=http://evil.test/">',
  '</script><base href="http://evil.test/">',
]

/** What would show that something in a delivery was obeyed. */
function watch(page: Page, origin: string) {
  const obeyed: string[] = []
  page.on('dialog', (dialog) => {
    obeyed.push('dialog')
    void dialog.dismiss()
  })
  page.on('popup', () => obeyed.push('popup'))
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) obeyed.push(request.url())
  })
  return obeyed
}

const deliveries: [string, Sent][] = [
  ...markup.map((text): [string, Sent] => [text, signed(text)]),
  ...markup.map((text): [string, Sent] => [
    `in a field: ${text}`,
    genuine('pay_1', new Date(), { payer: text, currency: text }),
  ]),
  ...markup.map((text): [string, Sent] => {
    const { headers, body } = genuine('pay_1', new Date())
    return [`in a header: ${text}`, { headers: [...headers, ['X-Text', text]], body }]
  }),
]

it.each(deliveries)('runs and loads nothing of %s', async (_, delivery) => {
  const { page, url, send, show, close, problems } = await openStage(browser.context)
  onTestFinished(close)
  const obeyed = watch(page, new URL(url).origin)
  await send(delivery)
  await show(1)
  await page
    .locator('details.section')
    .evaluateAll((sections) => sections.map((section) => section.setAttribute('open', '')))
  const tags = await page
    .locator('article')
    .evaluate((article) => article.querySelectorAll('script,img,iframe,style,meta,base').length)
  expect([obeyed, problems, tags, await page.evaluate(() => 'pwned' in window)]).toEqual([[], [], 0, false])
})

it('spells what cannot be seen, or turns what can', async () => {
  const { page, send, show, close } = await openStage(browser.context)
  onTestFinished(close)
  await send(signed('a\u0000b\u001b[31mc\u202ed\u2066e\u200bf\ufeffg\u0085h\u{e0041}i\u3164j\tk\nl'))
  await show(1)
  const region = page.getByRole('region', { name: 'Body' })
  expect(await region.locator('.unseen').allInnerTexts()).toEqual(
    ['0000', '001B', '202E', '2066', '200B', 'FEFF', '0085', 'E0041', '3164'].map((code) => `U+${code}`),
  )
  expect(await region.locator('pre').evaluate((pre) => pre.textContent)).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}]/u)
})

it('keeps numbers as they came', async () => {
  const { page, send, show, close } = await openStage(browser.context)
  onTestFinished(close)
  await send(signed('{"a":12345678901234567890.10,"b":1e2,"c":[],"d":{},"e":[1,{"f":null}],"g":"\\u0041"}'))
  await show(1)
  expect(await page.getByRole('region', { name: 'Body' }).innerText()).toBe(
    [
      '{',
      '  "a": 12345678901234567890.10,',
      '  "b": 1e2,',
      '  "c": [],',
      '  "d": {},',
      '  "e": [',
      '    1,',
      '    {',
      '      "f": null',
      '    }',
      '  ],',
      '  "g": "\\u0041"',
      '}',
    ].join('\n'),
  )
})

it.each([
  ['brackets', '['.repeat(30_000) + ']'.repeat(30_000)],
  ['many values', `[${'1,'.repeat(30_000)}1]`],
  ['one long line', `"${'x'.repeat(60_000)}"`],
  ['quotes that do not end', '"\\'.repeat(30_000)],
  ['marks', '\u202e'.repeat(20_000)],
  ['marks between letters', 'a\u202e'.repeat(15_000)],
])('stays quick with %s', async (_, body) => {
  const { page, send, show, close, problems } = await openStage(browser.context)
  onTestFinished(close)
  await send(signed(body))
  const startedMs = performance.now()
  await show(1)
  await page.getByRole('region', { name: 'Body' }).waitFor()
  expect(performance.now() - startedMs).toBeLessThan(5000)
  expect(problems).toEqual([])
})

it('10 MB: refused where they are over the limit, and where they are not said not to be kept', async () => {
  const { page, send, show, close } = await openStage(browser.context)
  onTestFinished(close)
  const huge = signed(`{"a":"${'\u0000<script>'.repeat(1_000_000)}"}`)
  expect((await send(huge)).status).toBe(413)
  await show(1)
  await page.getByText('It was not read').waitFor()

  const receiver = createReceiver({
    provider: caspay({ secret }),
    store: memoryStore(),
    maxBodyBytes: 2 ** 25,
    observe: () => {},
  })
  const inspected = inspector(receiver, { provider: caspay({ secret }) })
  await inspected.receiver.receive({ method: 'POST', ...huge }, () => {})
  const own = await inspected.listen()
  onTestFinished(own.close)
  await page.goto(`${own.url}#1`)
  await page.getByText('more than the inspector holds').waitFor()
})
