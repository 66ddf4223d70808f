import { gzipSync } from 'node:zlib'
import { isNotFound, refusalIn } from './answers'
import { checkCertificate } from './certificate'
import { type Check, isProblem, notChecked, problem } from './check'
import { type Answer, exchange, type Failure, isAnswer, type Sent } from './exchange'
import { checkGenuine, type GenuineDeliveries } from './genuine'
import { checkEncoding, checkLimit } from './limits'
import { checkProxy } from './proxy'
import { checkReach } from './reach'
import { checkRoad } from './road'
import { checkAnswerTime, checkClock } from './timing'

export interface EndpointSettings {
  readonly url: URL
  /** A delivery that nobody may believe. */
  readonly forged: Sent
  /** What is sent besides, where that was asked for, or why it cannot be. */
  readonly genuine: GenuineDeliveries | string
  readonly timeoutMs: number
  /** How long the provider waits for an answer, where that is known. */
  readonly answerLimitSeconds: number | undefined
  /** Told what is done now. */
  readonly progress: (what: string) => void
}

const later = [
  'redirect',
  'access',
  'route',
  'handler',
  'forgery',
  'encoding',
  'limit',
  'answer time',
  'clock',
  'proxy',
]

/** Everything that can be told of an endpoint from outside. */
export async function checkEndpoint(settings: EndpointSettings): Promise<readonly Check[]> {
  const { url, timeoutMs, progress } = settings
  progress('connecting')
  const reach = await checkReach(url, timeoutMs)
  if (reach.some(isProblem))
    return [
      ...reach,
      ...['certificate', 'answer', ...later, 'genuine'].map((name) => notChecked(name, 'It was not reached.')),
    ]
  progress('looking at the certificate')
  const certificate = await checkCertificate(url, timeoutMs)
  progress('sending a forged delivery')
  const post = (sent: Sent, to = url) => exchange(to, sent, { timeoutMs, trustedOnly: false })
  const first = await post(settings.forged)
  const answers = isAnswer(first) ? await checkAnswers(settings, first, post) : silence(first, timeoutMs)
  const broken = [certificate, ...answers].find(isProblem)
  progress('sending genuine deliveries')
  const genuine =
    broken === undefined || typeof settings.genuine === 'string'
      ? await checkGenuine(url, settings.genuine, timeoutMs)
      : [notChecked('genuine', `Nothing genuine is sent before "${broken.name}" is mended.`)]
  return [...reach, certificate, ...answers, ...genuine]
}

type Post = (sent: Sent, to?: URL) => Promise<Answer | Failure>

async function checkAnswers(settings: EndpointSettings, first: Answer, post: Post): Promise<readonly Check[]> {
  const { url, forged, answerLimitSeconds, progress } = settings
  const again = await post(forged)
  const road = checkRoad(first, isNotFound(first) ? await findElsewhere(url, forged, post) : undefined)
  progress('sending a gzipped delivery, and one that is too large')
  const rest = road.some(isProblem)
    ? ['encoding', 'limit'].map((name) => notChecked(name, 'Deliveries do not come as far as the handler.'))
    : [checkEncoding(await post(gzipped(forged))), checkLimit(await post(tooLarge(forged)))]
  return [...road, ...rest, checkAnswerTime([first, again], answerLimitSeconds), checkClock(first), checkProxy(first)]
}

function silence({ code }: Failure, timeoutMs: number): readonly Check[] {
  const seen =
    code === 'TIMED_OUT'
      ? `No answer within ${timeoutMs / 1000} s.`
      : `The connection ended without an answer (${code}).`
  const advice = 'Look into the log of the app: does it wait for a body that something else has read?'
  return [problem('answer', seen, advice), ...later.map((name) => notChecked(name, 'There was no answer.'))]
}

/** The same path with or without a slash at its end, where that is payproof. */
async function findElsewhere(url: URL, forged: Sent, post: Post): Promise<string | undefined> {
  const other = new URL(url)
  other.pathname = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : `${url.pathname}/`
  if (other.pathname === url.pathname) return undefined
  const result = await post(forged, other)
  return isAnswer(result) && refusalIn(result) !== undefined ? other.href : undefined
}

function gzipped({ headers, body }: Sent): Sent {
  return { headers: [...headers, ['content-encoding', 'gzip']], body: gzipSync(body) }
}

const defaultLimitBytes = 1024 * 1024

/** One byte more than is taken. White space: JSON all the same, as far as anybody reads. */
function tooLarge({ headers, body }: Sent): Sent {
  return {
    headers,
    body: Buffer.concat([Buffer.from(body), Buffer.alloc(defaultLimitBytes, ' ')], defaultLimitBytes + 1),
  }
}
