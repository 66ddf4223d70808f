/** An answer of the page's server. */
export interface PageAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | ReadableStream<Uint8Array>
}

/** Whether the sender of a delivery takes an answer for: handled. */
export const isTaken = (status: number): boolean => status >= 200 && status < 300

/** On every answer, whatever it is: nothing else may load, frame, keep, guess or be told of it. */
const guarded = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'x-robots-tag': 'noindex',
}
const nothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/** What the page itself may load: its own script and style by this answer's nonce, and its own server. */
const policy = (nonce: string) =>
  [
    nothing,
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src 'self'",
    "connect-src 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

function answer(status: number, type: string, body: PageAnswer['body'], more: Record<string, string> = {}): PageAnswer {
  return { status, headers: { ...guarded, 'content-security-policy': nothing, 'content-type': type, ...more }, body }
}

export const html = (body: string, nonce: string) =>
  answer(200, 'text/html; charset=utf-8', body, { 'content-security-policy': policy(nonce) })

export const asset = (type: string, body: string) => answer(200, type, body)

export const json = (value: unknown) => answer(200, 'application/json; charset=utf-8', JSON.stringify(value))

export const stream = (body: ReadableStream<Uint8Array>) =>
  answer(200, 'text/event-stream; charset=utf-8', body, { 'x-accel-buffering': 'no' })

/** Bytes to be saved, never to be shown by a browser as what they claim to be. */
export const attachment = (name: string, body: Uint8Array) =>
  answer(200, 'application/octet-stream', body, { 'content-disposition': `attachment; filename="${name}"` })

const text = 'text/plain; charset=utf-8'

/** The same for every path that is not there and every token that is not right. */
export const notFound = () =>
  answer(
    404,
    text,
    'There is nothing here. The page has a new address each time payproof starts: open the one it printed.\n',
  )

export const noLongerKept = () => answer(404, text, 'This delivery is no longer kept: newer ones took its place.\n')

export const forbidden = (why: string) => answer(403, text, `${why}\n`)

export const notAllowed = (allow: string) => answer(405, text, `Only ${allow}.\n`, { allow })

export const tooLarge = () => answer(413, text, 'That is too much to send again.\n')

export const wrong = (why: string) => answer(400, text, `${why}\n`)

export const crowded = () => answer(503, text, 'Too many pages are open: close some.\n')

export const broken = () => answer(500, text, 'Something threw that should not have. Look where payproof runs.\n')

/** To a provider, where the merchant's app gave no answer: it is to come again. */
export const forwardFailed = { status: 502, headers: [['content-type', 'application/json; charset=utf-8']] } as const

/** What to look at where an app's answer does not fit what was sent to it. */
export function adviceOnAnswer(status: number | undefined, verified: boolean): string | undefined {
  if (status === undefined) return undefined
  if (isTaken(status))
    return verified ? undefined : 'It does not verify, and your app took it. Does your app verify at all?'
  if (!verified) return undefined
  if (status === 401 || status === 403)
    return 'It verifies here, and your app refused it. Has your app the same secret, and does it read the raw body?'
  if (status === 404 || status === 405) return 'Your app has no route for a POST to this address.'
  if (status === 413) return 'Your app takes less than this. Which limit has its body parser?'
  if (status < 400) return 'Your app redirects. Providers do not follow: give them the last address.'
  return status < 500 ? 'It verifies here, and your app refused it.' : 'Your app failed at it. Look into its log.'
}
