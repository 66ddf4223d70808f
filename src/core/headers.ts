type HeaderValue = string | readonly string[] | undefined

/** Headers as a framework has them: a `Headers`, a plain object as Node gives it, or a list of pairs. */
export type HeadersInput =
  | { get(name: string): string | null }
  | Readonly<Record<string, HeaderValue>>
  | Iterable<readonly [string, string]>

/**
 * The value of a header, by its lower-case name. One that was sent several times is joined by `, ` as HTTP
 * does, which no signature or timestamp grammar accepts: two values are never one chosen by luck.
 */
export function readHeader(headers: HeadersInput, name: string): string | undefined {
  if (hasGetter(headers)) return headers.get(name) ?? undefined
  return isIterable(headers) ? readPairs(headers, name) : readObject(headers, name)
}

function readPairs(pairs: Iterable<readonly [string, HeaderValue]>, name: string): string | undefined {
  let found: string | undefined
  for (const [key, value] of pairs) if (isNamed(key, name)) found = joined(found, value)
  return found
}

function readObject(headers: Readonly<Record<string, HeaderValue>>, name: string): string | undefined {
  let found: string | undefined
  for (const key in headers) if (isNamed(key, name) && Object.hasOwn(headers, key)) found = joined(found, headers[key])
  return found
}

/** Most names differ in length already. */
function isNamed(key: string, name: string): boolean {
  return key.length === name.length && (key === name || key.toLowerCase() === name)
}

function joined(before: string | undefined, value: HeaderValue): string | undefined {
  const text = typeof value === 'object' && value.length > 0 ? value.join(', ') : value
  if (typeof text !== 'string') return before
  return before === undefined ? text : `${before}, ${text}`
}

/** The lower-case names of all headers. */
export function headerNames(headers: HeadersInput): readonly string[] {
  if (!hasGetter(headers)) return Array.from(entriesOf(headers), ([name]) => String(name).toLowerCase())
  const { keys } = headers as { keys?: () => Iterable<string> }
  return typeof keys === 'function' ? Array.from(keys.call(headers), (name) => name.toLowerCase()) : []
}

/** Headers that can be read as often as one likes: an iterator gives its pairs once. */
export function lastingHeaders(headers: HeadersInput): HeadersInput {
  if (typeof headers !== 'object' || headers === null || typeof (headers as { next?: unknown }).next !== 'function')
    return headers
  return isIterable(headers) ? [...headers] : headers
}

function hasGetter(headers: HeadersInput): headers is { get(name: string): string | null } {
  // A Map finds names in one spelling only; it is read as the list of pairs that it also is.
  return !(headers instanceof Map) && typeof (headers as { get?: unknown }).get === 'function'
}

function entriesOf(
  headers: Exclude<HeadersInput, { get(name: string): string | null }>,
): Iterable<readonly [string, HeaderValue]> {
  return isIterable(headers) ? headers : Object.entries(headers)
}

function isIterable(headers: object): headers is Iterable<readonly [string, string]> {
  return Symbol.iterator in headers
}
