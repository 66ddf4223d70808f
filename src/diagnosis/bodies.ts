import { toBytes } from '../core/bytes'
import { inflate } from './inflate'
import { type Cause, fromBase64, type Variant } from './variants'

/** What the body may have been before something on its way changed it, each once. */
export async function bodyVariants(body: Uint8Array): Promise<Variant[]> {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)
  const inflated = await inflate(body)
  const changes: Changed[] = inflated === undefined ? [] : [['body_inflated', inflated]]
  changes.push(...textVariants(text), ...wrapped(text), ...inOtherCharset(body, text), ...rewritten(text))
  const known = new Set<string>(isLossless(text, body) ? [text] : [])
  const variants: Variant[] = []
  for (const [cause, changed] of changes) {
    if (typeof changed === 'string') {
      if (known.has(changed) || changed.length > maxVariantLength) continue
      known.add(changed)
    }
    variants.push({ cause, bytes: typeof changed === 'string' ? toBytes(changed) : changed })
  }
  return variants.slice(0, maxVariants)
}

const maxVariants = 48
/** A body that is diagnosed, written six characters for one. */
const maxVariantLength = 96 * 1024

function isLossless(text: string, body: Uint8Array): boolean {
  const bytes = toBytes(text)
  return bytes.length === body.length && bytes.every((byte, at) => byte === body[at])
}

type Changed = [Cause, string | Uint8Array]
const bom = '\ufeff'

function textVariants(text: string): Changed[] {
  const unix = text.replace(/\r\n/g, '\n')
  return [
    ['body_bom', text.startsWith(bom) ? text.slice(1) : bom + text],
    ['body_line_ends', unix],
    ['body_line_ends', unix.replace(/\n/g, '\r\n')],
    ['body_trailing', text.trimEnd()],
    ['body_trailing', text.trim()],
    ...['\n', '\r\n', ' '].map((end): Changed => ['body_trailing', text + end]),
  ]
}

function wrapped(text: string): Changed[] {
  const found: Changed[] = []
  const base64 = fromBase64(text.trim())
  if (base64 !== undefined) found.push(['body_base64', base64])
  const inner = parsed(text)
  if (typeof inner === 'string') found.push(['body_in_string', inner])
  if (/^[\w.-]+=/.test(text)) for (const value of new URLSearchParams(text).values()) found.push(['body_form', value])
  if (/^%7b/i.test(text) || /^\{.*%22/.test(text))
    found.push(['body_form', new URLSearchParams(`v=${text}`).get('v') ?? ''])
  return found
}

/** Text that was read in the wrong character set, written anew: the other way round gives the bytes back. */
function inOtherCharset(body: Uint8Array, text: string): Changed[] {
  const found: Changed[] = [['body_charset', Array.from(body, (byte) => String.fromCharCode(byte)).join('')]]
  if (/^[\0-\xff]*$/.test(text)) found.push(['body_charset', Uint8Array.from(text, (char) => char.charCodeAt(0))])
  if (body[1] === 0) found.push(['body_charset', new TextDecoder('utf-16le').decode(body)])
  return found
}

/** The ways in which common languages write the same JSON. */
function rewritten(text: string): Changed[] {
  const value = isCostly(text) ? undefined : parsed(text.replace(/^\ufeff/, ''))
  if (typeof value !== 'object' || value === null) return []
  const found: Changed[] = []
  for (const [order, data] of [
    ['given', value],
    ['sorted', sorted(value)],
  ] as const) {
    const named = (cause: Cause): Cause => (order === 'sorted' ? 'body_sorted' : cause)
    const compact = JSON.stringify(data)
    const spaced = [2, 4, '\t'].map((indent) => JSON.stringify(data, null, indent))
    const layouts: Changed[] = [
      [named('body_compact'), compact],
      ...[...spaced, inPython(data)].map((layout): Changed => [named('body_spaced'), layout]),
    ]
    found.push(...layouts)
    for (const [, layout] of layouts) {
      const ascii = escapeUnicode(String(layout))
      found.push(
        ['body_escaped', ascii],
        ['body_escaped', escapeSlashes(ascii)],
        ['body_escaped', escapeSlashes(String(layout))],
      )
    }
    found.push(...[compact, ...spaced].map((layout): Changed => [named('body_trailing'), `${layout}\n`]))
  }
  return found
}

/** Nested so deep, or so long when indented, that writing it anew would cost more than it tells. */
function isCostly(text: string): boolean {
  let depth = 0
  let indented = 0
  for (const char of text) {
    if (char === '[' || char === '{') depth++
    else if (char === ']' || char === '}') depth--
    else if (char !== ',') continue
    indented += 4 * depth
    if (depth > maxDepth || indented > maxIndented) return true
  }
  return false
}

const maxDepth = 32
const maxIndented = 256 * 1024

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

/** With `, ` and `: `, as Python's `json.dumps` does. */
function inPython(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inPython).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${inPython(inner)}`)
  return `{${members.join(', ')}}`
}

const escapeUnicode = (text: string) =>
  text.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
const escapeSlashes = (text: string) => text.replaceAll('/', '\\/')
