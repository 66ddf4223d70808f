/** Changes the JSON strings that have an escape in them. One pass: a pattern would start anew at each quote. */
export function inLiterals(text: string, change: (literal: string) => string): string {
  if (!text.includes('\\')) return text
  const parts: string[] = []
  let done = 0
  for (let start = text.indexOf('"'); start !== -1; start = text.indexOf('"', done)) {
    const end = endOfLiteral(text, start)
    if (end === -1) break
    const literal = text.slice(start, end)
    parts.push(text.slice(done, start), literal.includes('\\') ? change(literal) : literal)
    done = end
  }
  return parts.join('') + text.slice(done)
}

/** Changes the values of JSON members by their names, also in text that ends in the middle. One pass. */
export function inMembers(text: string, change: (name: string, value: string) => string): string {
  const parts: string[] = []
  let done = 0
  let next = 0
  for (let start = text.indexOf('"'); start !== -1; start = text.indexOf('"', next)) {
    const end = endOfLiteral(text, start)
    if (end === -1) break
    next = end
    colon.lastIndex = end
    if (!colon.test(text)) continue
    const from = colon.lastIndex
    const to = endOfValue(text, from)
    const value = text.slice(from, to)
    const changed = change(spelled(text.slice(start, end)), value)
    if (changed === value) continue
    parts.push(text.slice(done, from), changed)
    done = next = to
  }
  return parts.join('') + text.slice(done)
}

const colon = /\s*:\s*/y
const scalar = /[^,}\]\s]*/y

function endOfValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return beforeEnd(text, endOfLiteral(text, from))
  if (first === '{' || first === '[') return beforeEnd(text, endOfNested(text, from))
  scalar.lastIndex = from
  scalar.test(text)
  return scalar.lastIndex
}

const beforeEnd = (text: string, end: number) => (end === -1 ? text.length : end)

function endOfNested(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      const end = endOfLiteral(text, at)
      if (end === -1) return -1
      at = end - 1
    } else if (char === '{' || char === '[') depth++
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1
  }
  return -1
}

/** Behind the closing quote; -1 where there is none. */
function endOfLiteral(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return -1
}

/** What a JSON string means. */
export function spelled(literal: string): string {
  try {
    return String(JSON.parse(literal))
  } catch {
    return literal
  }
}
