import { encodeBase64, toBytes } from '../core/bytes'
import { isWebhookError } from '../errors'
import * as answers from './answers'
import { toCurl, toFixture } from './copies'
import { createGuard, type PageRequest } from './guard'
import type { DeliveryLog, Kept } from './log'
import { unmask } from './mask'
import type { Parcel } from './post'
import { describe } from './present'
import { secretsIn } from './secrets'
import type { Again, PageState, ResendOrder } from './shown'
import { signAnew } from './sign'
import { createNews } from './stream'
import { decoded } from './text'

export interface PageSettings {
  readonly log: DeliveryLog
  readonly token: string
  readonly state: () => PageState
  /** Names besides those of this machine under which the page may be asked for. */
  readonly hosts?: readonly string[]
  /** Sends a delivery the way the first one came, and gives what went wrong. Left out where nobody knows the way. */
  readonly resend?: (parcel: Parcel, again: Again, kept: Kept) => Promise<string | undefined>
  /** Where a copied command is to post to. */
  readonly receivesAt?: () => string | undefined
  readonly now?: () => number
}

/** Answers requests for the page and what it asks for. Never throws. */
export function createPage(settings: PageSettings): (request: PageRequest) => Promise<answers.PageAnswer> {
  const guard = createGuard(settings.token, settings.hosts)
  const { log, state } = settings
  const { subscribe } = createNews(log, state)

  const get: Readonly<Record<string, (kept: Kept) => Promise<answers.PageAnswer>>> = {
    '': async (kept) => answers.json(await describe(kept, settings.resend !== undefined)),
    '/body': async ({ number, body = new Uint8Array() }) => answers.attachment(`delivery-${number}.bin`, body),
    '/fixture': async (kept) => answers.attachment(`delivery-${kept.number}.json`, toBytes(await toFixture(kept))),
    '/curl': async (kept) =>
      answers.asset('text/plain; charset=utf-8', await toCurl(kept, settings.receivesAt?.() ?? '')),
  }

  async function route(request: PageRequest, path: string): Promise<answers.PageAnswer> {
    const [, digits, rest = ''] = /^deliveries\/(\d{1,15})(\/[a-z]+)?$/.exec(path) ?? []
    const kept = digits === undefined ? undefined : log.get(Number(digits))
    if (request.method === 'POST') return change(request, path, kept, rest)
    if (request.method !== 'GET') return answers.notAllowed('GET, POST')
    if (kept !== undefined && Object.hasOwn(get, rest)) return (await get[rest]?.(kept)) ?? answers.notFound()
    if (digits !== undefined && kept === undefined) return answers.noLongerKept()
    if (path !== 'news') return asset(path)
    const news = subscribe()
    return news === undefined ? answers.crowded() : answers.stream(news)
  }

  async function change(request: PageRequest, path: string, kept: Kept | undefined, rest: string) {
    if (path === 'clear') {
      log.clear()
      return answers.json({})
    }
    if (kept === undefined || rest !== '/resend' || settings.resend === undefined) return answers.notFound()
    const text = await request.text(8 * 1024 * 1024)
    if (text === undefined) return answers.tooLarge()
    const order = parseOrder(text)
    if (order === undefined) return answers.wrong('It takes {"how":"as it was"|"signed anew","body"?:string}.')
    try {
      const parcel = await repacked(kept, order, settings.now?.() ?? Date.now())
      return answers.json({ problem: await settings.resend(parcel, againOf(kept, order), kept) })
    } catch (error) {
      if (isWebhookError(error)) return answers.wrong(error.hint)
      throw error
    }
  }

  return async (request) => {
    try {
      const passed = guard(request)
      return 'status' in passed ? passed : await route(request, passed.path)
    } catch (error) {
      console.error(error)
      return answers.broken()
    }
  }
}

/** Loaded when first asked for: the page is larger than all the rest. */
async function asset(path: string): Promise<answers.PageAnswer> {
  const { page } = await import('#inspector-page')
  if (path === 'page.js') return answers.asset('text/javascript; charset=utf-8', page.script)
  if (path === 'page.css') return answers.asset('text/css; charset=utf-8', page.style)
  if (path === 'icon.svg') return answers.asset('image/svg+xml', page.icon)
  if (path !== '') return answers.notFound()
  const nonce = encodeBase64(crypto.getRandomValues(new Uint8Array(16)))
  return answers.html(page.html.replaceAll('{nonce}', nonce), nonce)
}

function parseOrder(text: string): ResendOrder | undefined {
  try {
    const order = JSON.parse(text) as Partial<ResendOrder> | null
    const { how, body } = order ?? {}
    if (how !== 'as it was' && how !== 'signed anew') return undefined
    if (body === undefined) return { how }
    return typeof body === 'string' ? { how, body } : undefined
  } catch {
    return undefined
  }
}

const againOf = ({ number }: Kept, { how, body }: ResendOrder): Again => ({
  of: number,
  how,
  changed: body !== undefined,
})

/** The delivery as it is to be sent; what was hidden of its body is put back. */
async function repacked(kept: Kept, order: ResendOrder, nowMs: number): Promise<Parcel> {
  const { source, headers, body = new Uint8Array() } = kept
  const { provider } = source
  const text = decoded(body) ?? ''
  const sent = order.body === undefined ? body : toBytes(unmask(order.body, text, await secretsIn(provider, body)))
  if (order.how === 'as it was' || provider === undefined) return { headers, body: sent }
  return { headers: signAnew(provider, headers, sent, nowMs), body: sent }
}
