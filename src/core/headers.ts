/** Headers as a framework has them: a `Headers`, a plain object as Node gives it, or a list of pairs. */
export type HeadersInput =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>

/**
 * The value of a header, by its lower-case name. One that was sent several times is joined by `, ` as HTTP
 * does, which no signature or timestamp grammar accepts: two values are never one chosen by luck.
 */
export function readHeader(headers: HeadersInput, name: string): string | undefined {
  if (hasGetter(headers)) return headers.get(name) ?? undefined
  const values: string[] = []
  for (const [key, value] of entriesOf(headers)) {
    if (value === undefined || key.toLowerCase() !== name) continue
    if (typeof value === 'string') values.push(value)
    else values.push(...value)
  }
  return values.length === 0 ? undefined : values.join(', ')
}

/** The lower-case names of all headers. */
export function headerNames(headers: HeadersInput): readonly string[] {
  if (!hasGetter(headers)) return Array.from(entriesOf(headers), ([name]) => String(name).toLowerCase())
  const { keys } = headers as { keys?: () => Iterable<string> }
  return typeof keys === 'function' ? Array.from(keys.call(headers), (name) => name.toLowerCase()) : []
}

function hasGetter(headers: HeadersInput): headers is { get(name: string): string | null } {
  // A Map finds names in one spelling only; it is read as the list of pairs that it also is.
  return !(headers instanceof Map) && typeof (headers as { get?: unknown }).get === 'function'
}

function entriesOf(
  headers: Exclude<HeadersInput, { get(name: string): string | null }>,
): Iterable<readonly [string, string | readonly string[] | undefined]> {
  return isIterable(headers) ? headers : Object.entries(headers)
}

function isIterable(headers: object): headers is Iterable<readonly [string, string]> {
  return Symbol.iterator in headers
}
