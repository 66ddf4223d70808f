/** A piece of a JSON text, spelled as it was: no number is read, so none is rounded. */
export interface Piece {
  readonly kind: 'key' | 'string' | 'number' | 'word' | 'mark'
  readonly text: string
}

export interface Line {
  readonly indent: number
  readonly pieces: readonly Piece[]
}

/** More lines than these are no longer read by anybody. */
export const maxLines = 1500
const maxIndent = 24

/** A JSON text set out in lines; `undefined` where it is none. */
export function layOut(text: string): { lines: Line[]; cut: boolean } | undefined {
  if (!isJson(text)) return undefined
  const lines: Line[] = []
  let pieces: Piece[] = []
  let depth = 0
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []
  const indent = () => Math.min(depth, maxIndent)
  const newLine = () => {
    if (pieces.length > 0) lines.push({ indent: indent(), pieces })
    pieces = []
  }
  for (const [at, token] of tokens.entries()) {
    if (lines.length >= maxLines) return { lines, cut: true }
    const next = tokens[at + 1] ?? ''
    if (token === '}' || token === ']') {
      if (!isOpening(tokens[at - 1])) newLine()
      depth--
    }
    pieces.push({ kind: kindOf(token, next), text: token === ':' ? ': ' : token })
    if (isOpening(token)) {
      if (next !== '}' && next !== ']') newLine()
      depth++
    } else if (token === ',') newLine()
  }
  newLine()
  return { lines, cut: false }
}

const isOpening = (token: string | undefined) => token === '{' || token === '['

function kindOf(token: string, next: string): Piece['kind'] {
  if (token.startsWith('"')) return next === ':' ? 'key' : 'string'
  if (/^[{}[\],:]$/.test(token)) return 'mark'
  return /^[-\d]/.test(token) ? 'number' : 'word'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
