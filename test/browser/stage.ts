import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { caspay } from '../../src'
import { startListening } from '../../src/inspector/listen'
import { post } from '../support/server'
import { type Sent, secret } from './deliveries'

export const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** A browser with a profile of its own, that asks nobody but this machine. */
export async function openBrowser(options: Parameters<typeof chromium.launchPersistentContext>[1] = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'payproof-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    ...options,
  })
  return {
    context,
    close: async () => {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

/** `payproof listen` in this process, a stand-in for the merchant's app where one is given, and a page that shows it. */
export async function openStage(
  context: BrowserContext,
  settings: { app?: RequestListener; maxDeliveries?: number } = {},
) {
  const { app, ...rest } = settings
  const server = app && createServer(app)
  if (server) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const forward = server && `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/caspay`
  const listening = await startListening({
    provider: caspay({ secret }),
    port: 0,
    observe: () => {},
    onDelivery: () => {},
    sendCommand: (to) => `payproof send caspay payment.received --to ${to}`,
    startCommand: 'payproof listen --provider caspay --port 4000',
    ...(forward && { forward }),
    ...rest,
  })
  const page: Page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  await page.goto(listening.page)
  await page.getByText('Live', { exact: true }).waitFor()
  return {
    ...listening,
    url: listening.page,
    page,
    /** What the browser complained of: policy violations, errors. */
    problems,
    send: ({ headers, body }: Sent) => post(listening.receivesAt, { headers, body }),
    /** Goes to a delivery as its link does, and waits until it is there. */
    async show(number: number) {
      await page.locator(`.deliveries a[href="#${number}"]`).click()
      await page.locator('.line-of', { hasText: `#${number}` }).waitFor()
      await page.locator('.steps').waitFor()
    },
    /** As Ctrl-C does. */
    stop: listening.close,
    async close() {
      await page.close()
      await listening.close()
      server?.closeAllConnections()
      server?.close()
    },
  }
}
