import { isJsonObject, type JsonObject, parseJson } from '../core/json'
import { misconfigured, WebhookError } from '../errors'

export interface ConfirmationApiSettings {
  /** The API's origin (and path prefix), https; plain http only on this machine. */
  readonly url: string
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Time for one answer, body included. */
  readonly timeoutMs?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export interface ConfirmationApi {
  /** The JSON object at `path` + `id`; `undefined` if the API does not know the id. */
  ask(path: string, id: string): Promise<JsonObject | undefined>
}

const maxAnswerBytes = 64 * 1024
const maxConcurrent = 32
const rememberUnknownMs = 2000
const maxRemembered = 1000

/** Letters, digits, `_` and `-`: nothing that could change which URL is asked. */
const safeId = /^[A-Za-z0-9_-]{1,128}$/

/** Refuses an id that is not safe in a URL path, before anything is asked. */
export function assertPathId(field: string, id: unknown): asserts id is string {
  if (typeof id === 'string' && safeId.test(id)) return
  throw new WebhookError('id_invalid', `\`${field}\` must be 1 to 128 letters, digits, dashes or underscores.`)
}

/**
 * Asks a provider's API about what a delivery says. One origin, no redirects, bounded time and size, one question at a
 * time per id. Whatever is not a clear answer is `confirmation_unavailable`: it never counts as a yes.
 */
export function createConfirmationApi(settings: ConfirmationApiSettings, setting = 'apiUrl'): ConfirmationApi {
  const base = parseBaseUrl(setting, settings.url)
  const timeoutMs = settings.timeoutMs ?? 3000
  if (!(timeoutMs > 0 && timeoutMs <= 60_000)) {
    throw misconfigured('timeoutMs', 'must be a number of milliseconds above 0, at most 60000.')
  }
  const inFlight = new Map<string, Promise<JsonObject | undefined>>()
  const unknownUntilMs = new Map<string, number>()

  async function request(url: string): Promise<JsonObject | undefined> {
    const answer = await askOnce(url, settings, timeoutMs)
    if (answer === undefined) rememberUnknown(unknownUntilMs, url)
    return answer
  }

  return {
    ask(path, id) {
      assertPathId('id', id)
      const url = `${base}${path}${id}`
      if ((unknownUntilMs.get(url) ?? 0) > performance.now()) return Promise.resolve(undefined)
      const running = inFlight.get(url)
      if (running !== undefined) return running
      if (inFlight.size >= maxConcurrent)
        return Promise.reject(unavailable(`${maxConcurrent} questions are open already.`))
      const asked = request(url).finally(() => inFlight.delete(url))
      inFlight.set(url, asked)
      return asked
    },
  }
}

function parseBaseUrl(setting: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw misconfigured(setting, 'is not a URL.')
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(local && url.protocol === 'http:'))
    throw misconfigured(setting, 'must begin with https://.')
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    throw misconfigured(setting, 'must have no user, query or fragment.')
  return url.href.replace(/\/+$/, '')
}

async function askOnce(
  url: string,
  settings: ConfirmationApiSettings,
  timeoutMs: number,
): Promise<JsonObject | undefined> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), timeoutMs)
  try {
    const ask = settings.fetch ?? globalThis.fetch
    const aborted = rejectOnAbort(deadline.signal, timeoutMs)
    const response = await Promise.race([
      ask(url, {
        headers: { accept: 'application/json', ...settings.headers },
        redirect: 'manual',
        signal: deadline.signal,
      }),
      aborted,
    ])
    return await Promise.race([readAnswer(response), aborted])
  } catch (error) {
    throw error instanceof WebhookError ? error : unavailable('It could not be reached.', error)
  } finally {
    clearTimeout(timer)
    deadline.abort()
  }
}

/** A fetch handed in may ignore its signal; our deadline holds all the same. */
function rejectOnAbort(signal: AbortSignal, timeoutMs: number): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(unavailable(`It gave no answer within ${timeoutMs} ms.`)), {
      once: true,
    })
  })
  aborted.catch(() => {})
  return aborted
}

async function readAnswer(response: Response): Promise<JsonObject | undefined> {
  if (response.status === 404) return undefined
  if (response.status !== 200) throw unavailable(`It answered with status ${response.status}.`)
  if (!mayBeJson(response.headers.get('content-type') ?? '')) throw unavailable('Its answer is not JSON.')
  const answer = parseAnswer(await readLimited(response))
  if (!isJsonObject(answer)) throw unavailable('Its answer is not a JSON object.')
  return answer
}

/** A page that stands where the API should be says so; a server that says nothing of JSON is judged by what it sends. */
function mayBeJson(contentType: string): boolean {
  return contentType === '' || /^(?:application\/(?:[\w.+-]+\+)?json|text\/plain)\b/i.test(contentType)
}

function parseAnswer(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes)
  } catch (error) {
    throw unavailable('Its answer cannot be read.', error)
  }
}

async function readLimited(response: Response): Promise<Uint8Array> {
  const bytes = new Uint8Array(maxAnswerBytes)
  let length = 0
  const reader = response.body?.getReader()
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    if (length + part.value.length > maxAnswerBytes)
      throw unavailable(`Its answer is longer than ${maxAnswerBytes} bytes.`)
    bytes.set(part.value, length)
    length += part.value.length
  }
  return bytes.subarray(0, length)
}

function rememberUnknown(unknownUntilMs: Map<string, number>, url: string): void {
  const oldest = unknownUntilMs.keys().next()
  if (unknownUntilMs.size >= maxRemembered && !oldest.done) unknownUntilMs.delete(oldest.value)
  unknownUntilMs.delete(url)
  unknownUntilMs.set(url, performance.now() + rememberUnknownMs)
}

function unavailable(problem: string, cause?: unknown): WebhookError {
  return new WebhookError('confirmation_unavailable', `The confirming API gave no usable answer. ${problem}`, { cause })
}
