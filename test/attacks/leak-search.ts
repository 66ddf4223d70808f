import { inspect } from 'node:util'
import { createReceiver, explain, memoryStore, merchantToken, type Report } from '../../src'
import { hexHmac } from '../support/deliveries'
import { faultyStore, now, secret, sleep } from '../support/shop'
import { type Case, cases, failing, misbuilt, orderTokenSecret, rotatedSecret, stores, variants } from './leak-cases'
import { apiKey, signers, token, wrongSecret } from './senders'
import { consoleDuring } from './watching'

const otherSecrets = { id: 'other', value: wrongSecret }

/** Everything that must never be seen, by a name that may be. */
const hidden = new Map<string, string>([
  ['secret', secret],
  ['part of the secret', secret.slice(0, 15)],
  ['rotated secret', rotatedSecret],
  ['token', token],
  ['api key', apiKey],
  ['order token secret', orderTokenSecret],
  ['order token', merchantToken(orderTokenSecret, 'o_1')],
])

/** As many characters of one, anywhere in it, are too many; one of them a digit, for the rest are words. */
const pieceLength = 6
const pieces = new Map<string, string>(
  [secret, rotatedSecret, token, apiKey, orderTokenSecret].flatMap((value) =>
    Array.from({ length: value.length - pieceLength + 1 }, (_, at) => value.slice(at, at + pieceLength))
      .filter((piece) => /\d/.test(piece))
      .map((piece): [string, string] => [piece, 'a piece of a secret']),
  ),
)

/** As text, hex, base64, and as the digits that `inspect` shows of bytes. */
const spellings = (value: string): string[] => {
  const bytes = Buffer.from(value)
  return [
    value,
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    inspect(bytes).slice(8, 60),
    [...bytes].join(','),
    [...bytes].join(', '),
  ]
}

export interface Collected {
  readonly what: string
  readonly text: string
}

export interface Search {
  readonly deliveries: number
  readonly texts: readonly Collected[]
  readonly needles: number
  /** `what: which secret`, for every one that was found. */
  readonly hits: readonly string[]
}

export function show(value: unknown): string {
  const parts = [inspect(value, { depth: 9, showHidden: true, maxArrayLength: null }), String(value)]
  try {
    parts.push(JSON.stringify(value) ?? '')
  } catch {
    // Nothing to read in what cannot be written.
  }
  if (value instanceof Error) parts.push(value.message, value.stack ?? '', show(value.cause))
  // A time that was measured may be of any digits, those of a secret too.
  return parts.join('\n').replace(/(durationMs"?: ?)[\d.e-]+/g, '$1…')
}

function collectMisbuilt(texts: Collected[]): void {
  for (const [index, build] of misbuilt.entries()) {
    try {
      texts.push({ what: `settings ${index}`, text: show(build()) })
    } catch (error) {
      texts.push({ what: `settings ${index}`, text: show(error) })
    }
  }
}

/** What a diagnosis says, asked for and by itself after an answer. */
async function collectDiagnoses({ provider, sent }: Case, texts: Collected[]): Promise<void> {
  const reports: Report[] = []
  const observe = (report: Report) => void reports.push(report)
  const receiver = createReceiver({
    provider,
    store: memoryStore(),
    now: () => now,
    observe,
    diagnose: { otherSecrets },
  })
  for (const { headers, body } of sent.slice(0, 5)) {
    const request = { headers: [...headers], body: String(body) }
    const explanation = await explain(request, { provider, now, otherSecrets }).catch((error: unknown) => error)
    texts.push({ what: `${provider.name}: an explanation`, text: show(explanation) })
    const diagnosed = () => reports.filter(({ type }) => type === 'diagnosis').length
    const before = diagnosed()
    await receiver.receive(request, () => {})
    for (let i = 0; i < 20 && diagnosed() === before; i++) await sleep(5)
  }
  const found = reports.filter(({ type }) => type === 'diagnosis')
  texts.push(...found.map((report) => ({ what: `${provider.name}: a diagnosis`, text: show(report) })))
}

async function collectCase({ provider, sent }: Case, texts: Collected[]): Promise<number> {
  let deliveries = 0
  for (const [storeName, faults] of stores) {
    for (const [handlerName, handler] of storeName === 'a store' ? failing : failing.slice(0, 1)) {
      const what = `${provider.name}, ${storeName}, ${handlerName}`
      const reports: string[] = []
      const common = { provider, store: faultyStore(faults), now: () => now, storeTimeoutMs: 5 }
      const observed = createReceiver({ ...common, observe: (report) => void reports.push(show(report)) })
      const logged = createReceiver({ ...common, store: faultyStore(faults) })
      texts.push({ what: `${what}: the receiver`, text: show(observed) + show(provider) })
      for (const { headers, body } of sent) {
        const request = { headers: [...headers], body: String(body), method: 'POST' }
        for (const receiver of [observed, logged]) {
          const { reply, ...outcome } = await receiver.receive(request, handler)
          texts.push({ what: `${what}: an answer`, text: show(reply) })
          if ('error' in outcome) texts.push({ what: `${what}: an outcome's error`, text: show(outcome.error) })
          deliveries++
        }
        await observed.verify(request).catch((error) => texts.push({ what: `${what}: an error`, text: show(error) }))
      }
      texts.push(...reports.map((text) => ({ what: `${what}: a report`, text })))
    }
  }
  return deliveries
}

/** The signatures that each body should have had. */
function rightSignatures(): ReadonlySet<string> {
  const bodies = signers.flatMap((signer) => variants(signer).map(({ body }) => ({ signer, body: String(body) })))
  return new Set(
    bodies.flatMap(({ signer, body }) =>
      [secret, rotatedSecret].flatMap((key) => [signer.tag(body, key), hexHmac(key, body)]),
    ),
  )
}

/** Plays everything that can go wrong, and looks for what must not be seen. A dead letter holds its delivery: it is not looked at. */
export async function searchLeaks(): Promise<Search> {
  const texts: Collected[] = []
  let deliveries = 0
  const written = await consoleDuring(async () => {
    collectMisbuilt(texts)
    for (const part of cases()) {
      deliveries += await collectCase(part, texts)
      await collectDiagnoses(part, texts)
    }
  })
  texts.push(...written.map((values) => ({ what: 'the console', text: values.map(show).join('\n') })))
  return { deliveries, texts, needles: hidden.size + pieces.size + rightSignatures().size, hits: find(texts) }
}

function find(texts: readonly Collected[]): string[] {
  const unlike = new Map<string, string>(texts.map(({ what, text }) => [text, what]))
  const needles = [...hidden].flatMap(([name, value]) => spellings(value).map((needle) => [name, needle] as const))
  for (const [piece, name] of pieces) needles.push([name, piece])
  const signatures = rightSignatures()
  return [...unlike].flatMap(([text, what]) => [
    ...needles.filter(([, needle]) => text.includes(needle)).map(([name]) => `${what}: ${name}`),
    ...(text.match(/[0-9a-f]{64}/g) ?? []).filter((hex) => signatures.has(hex)).map(() => `${what}: a right signature`),
  ])
}
