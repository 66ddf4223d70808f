export type Cell = string | number

export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** 1234567 as 1 234 567. */
function write(cell: Cell): string {
  if (typeof cell === 'string') return cell
  const [whole = '', ...rest] = String(Math.round(cell * 100) / 100).split('.')
  return [whole.replace(/\B(?=(\d{3})+$)/g, ' '), ...rest].join('.')
}

export function toText({ title, head, rows }: Table): string {
  const lines = [head, ...rows].map((row) => row.map(write))
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const draw = (line: readonly string[]) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  const [first = [], ...others] = lines
  const rule = widths.map((width) => '-'.repeat(width))
  return [title, ...[first, rule, ...others].map((line) => `  ${draw(line).trimEnd()}`)].join('\n')
}

export function toMarkdown({ head, rows }: Table): string {
  const draw = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const body = rows.map((row) => draw(row.map((cell) => write(cell).replaceAll('|', '\\|'))))
  const rule = head.map((_, column) => (typeof rows[0]?.[column] === 'number' ? '---:' : '---'))
  return [draw(head), draw(rule), ...body].join('\n')
}
