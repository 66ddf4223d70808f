/** Reads the part of YAML that files of this repository use: maps, lists of maps, and what stands on one line. Throws on anything else. */
export function readYaml(text: string): unknown {
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
    .flatMap((line) => {
      const [, indent = '', dash = '', rest = ''] = /^( *)(- )?(.*)$/.exec(line) ?? []
      const own = { indent: indent.length + dash.length, rest }
      return dash === '' ? [own] : [{ indent: indent.length, rest: '-' }, own]
    })
  const value = readBlock(lines, 0)
  if (lines[0] !== undefined) throw new Error(`not read: ${lines[0].rest}`)
  return value
}

interface Line {
  readonly indent: number
  readonly rest: string
}

function readBlock(lines: Line[], atLeast: number): unknown {
  const [first] = lines
  if (first === undefined || first.indent < atLeast) throw new Error('nothing is there')
  return first.rest === '-' ? readList(lines, first.indent) : readMap(lines, first.indent)
}

function readList(lines: Line[], indent: number): unknown[] {
  const items: unknown[] = []
  while (lines[0]?.indent === indent && lines[0].rest === '-') {
    lines.shift()
    items.push(readMap(lines, indent + 2))
  }
  return items
}

function readMap(lines: Line[], indent: number): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  while (lines[0]?.indent === indent && lines[0].rest !== '-') {
    const [, key, value = ''] = /^([\w-]+):(?: (.*))?$/.exec(lines.shift()?.rest ?? '') ?? []
    if (key === undefined || Object.hasOwn(map, key)) throw new Error(`no key of its own: ${key}`)
    if (value !== '') map[key] = readInline(value)
    else map[key] = lines[0] !== undefined && lines[0].indent > indent ? readBlock(lines, indent + 1) : null
  }
  return map
}

function readInline(value: string): unknown {
  if (value.startsWith('[')) return partsOf(value, ']').map(readInline)
  if (!value.startsWith('{')) return readText(value)
  const pairs = partsOf(value, '}').map((part) => {
    const [, key, inner = ''] = /^([\w-]+): (.+)$/.exec(part) ?? []
    if (key === undefined) throw new Error(`no pair: ${part}`)
    return [key, readInline(inner)] as const
  })
  return Object.fromEntries(pairs)
}

/** Between the brackets, at the commas that stand in no brackets or quotes of their own. */
function partsOf(value: string, end: string): string[] {
  if (!value.endsWith(end)) throw new Error(`no end: ${value}`)
  const parts = value.slice(1, -1).match(/(?:'[^']*'|\{[^}]*\}|\[[^\]]*\]|[^,'{[])+/g)
  return (parts ?? []).map((part) => part.trim())
}

function readText(value: string): string {
  const [, quoted, plain] = /^(?:'([^']*)'|(?![&*!|>%@`"'])((?:[^:#]|:(?! )|(?<! )#)+))$/.exec(value) ?? []
  if (quoted === undefined && plain === undefined) throw new Error(`no text on one line: ${value}`)
  return quoted ?? plain ?? ''
}
