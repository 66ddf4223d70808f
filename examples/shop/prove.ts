/** Kills every process of the shop under load, and counts what became of the payments: `npm run shop:prove`. */
import { parseArgs } from 'node:util'
import { prove } from './prove/course'
import { toLines, writeReport } from './prove/report'
import { startShop } from './run/shop'

const usage = `npm run shop:prove -- [--events N] [--rate R] [--quick] [--write]

  --events N  how many events are sent, default 20000
  --rate R    how many a second, default 100
  --quick     2400 events, and shorter outages: the same promises
  --write     puts the figures into examples/shop/README.md
  --help      this text

Ends with 1 if a promise is broken. Redis and PostgreSQL are its own, started from PATH.`

const flag = { type: 'boolean', default: false } as const
const { values: flags } = parseArgs({
  options: { events: { type: 'string' }, rate: { type: 'string' }, quick: flag, write: flag, help: flag },
})
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
const whole = (text: string | undefined, otherwise: number) => {
  const number = Number(text ?? otherwise)
  if (Number.isSafeInteger(number) && number > 0) return number
  console.error(`${text} is no number of them.\n\n${usage}`)
  process.exit(2)
}

const startedMs = performance.now()
const seconds = () => Math.round((performance.now() - startedMs) / 1000)
const settings = {
  events: whole(flags.events, flags.quick ? 2400 : 20_000),
  perSecond: whole(flags.rate, 100),
  downMs: flags.quick ? 1000 : 3000,
  say: (text: string) => console.log(`${String(seconds()).padStart(5)} s  ${text}`),
}
const limitMs = 120_000 + (settings.events / settings.perSecond) * 1500
setTimeout(() => {
  console.error(`BROKEN  it did not come to its end in ${limitMs / 1000} s`)
  process.exit(1)
}, limitMs).unref()

settings.say('starts Redis, PostgreSQL, two web processes, a proxy, a worker and the operator')
const shop = await startShop()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void shop.end().finally(() => process.exit(130)))
const finding = await prove(shop, settings)
await shop.end({ keepLogs: finding.broken.length > 0 })
console.log(`\n${toLines(finding)}\n`)
for (const line of finding.broken) console.log(`BROKEN  ${line}`)
if (flags.write && finding.broken.length === 0) writeReport(finding, settings, seconds())
console.log(finding.broken.length === 0 ? 'All as promised.' : `Not as promised. Logs: ${shop.folder}`)
process.exit(finding.broken.length === 0 ? 0 : 1)
