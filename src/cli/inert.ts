/**
 * Text from outside as a terminal may show it: control characters, ANSI escapes, direction marks and what cannot be
 * seen stand there escaped. Whatever is shown of a body, a header, an answer or a path goes through here.
 */
export function inert(text: string, maxLength = 2000): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length - maxLength} more)` : text
  return cut.replace(unsafe, escaped)
}

/** The same for JSON: it stays the same document. */
export function inertJson(value: unknown, indent?: number): string {
  // A line break is the document's own here: within strings JSON has escaped it.
  return (JSON.stringify(value, undefined, indent) ?? 'null').replace(unsafe, (found) =>
    found === '\n' ? found : asUnicode(found),
  )
}

// Cc control, Cf format (direction marks, zero width), Cs lone surrogates, Zl and Zp line ends.
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{115f}\u{1160}\u{3164}\u{ffa0}]/gu

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const escaped = (found: string) => {
  const code = found.codePointAt(0) ?? 0
  return short[found] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : asUnicode(found))
}
const asUnicode = (found: string) =>
  Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')
