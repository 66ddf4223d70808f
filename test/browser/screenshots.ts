/** Makes the pictures of the README: `npm run screenshots`. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeWebhook } from '../../adapters/node'
import { caspay, createReceiver, memoryStore } from '../../src'
import { genuine, secret } from './deliveries'
import { openBrowser, openStage } from './stage'

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url))
mkdirSync(folder, { recursive: true })

const { context, close } = await openBrowser({ viewport: { width: 1100, height: 700 } })
const shop = createReceiver({ provider: caspay({ secret }), store: memoryStore(), observe: () => {} })
const stage = await openStage(context, { app: nodeWebhook(shop, () => {}) })
const { page, send, show } = stage

const at = new Date()
const paid = genuine('pay_01HF7ZK2', at)
await send(paid)
await send(genuine('pay_01HF8A90', at, { amount: 12 }))
await send(paid)
await send(genuine('pay_01HF8C3M', at, {}, 'whsec_of_the_test_mode_0123'))
const rewritten = genuine('pay_01HF8D7Q', at, { amount: 25 })
await send({ headers: rewritten.headers, body: JSON.stringify(JSON.parse(String(rewritten.body)), null, 2) })

for (const [name, number, colorScheme] of [
  ['listen-mismatch', 5, 'light'],
  ['listen-attempts', 1, 'dark'],
] as const) {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await show(number)
  await page.mouse.move(0, 0)
  await page.screenshot({ path: `${folder}${name}.png` })
  console.log(`docs/images/${name}.png`)
}
await stage.close()
await close()
