import { themes } from './all'
import { type Attack, play, type Result } from './attack'
import { closing, opening } from './prose'

export const documentUrl = new URL('../../docs/threat-model.md', import.meta.url)

const played = new Map<Attack, Promise<Result>>()

/** What an attack came to; it is played once. */
export function resultOf(attack: Attack): Promise<Result> {
  const known = played.get(attack) ?? play(attack)
  played.set(attack, known)
  return known
}

const header = ['row', 'attack', 'tries', 'refused', 'handler runs', 'stored', 'genuine', 'test']

const order = (row: string): number => (row.startsWith('P') ? 1000 + Number(row.slice(1)) : Number(row))

/** The whole document, from a run of all attacks, and what went wrong. */
export async function writeDocument(): Promise<{ text: string; failures: string[] }> {
  const rows: { result: Result; file: string }[] = []
  // One after the other: they measure time, and count what is global.
  for (const [file, attacks] of Object.entries(themes))
    for (const attack of attacks) rows.push({ result: await resultOf(attack), file })
  rows.sort((a, b) => order(a.result.row) - order(b.result.row))
  const lines = rows.map(({ result, file }) => line(cells(result, file)))
  const table = [line(header), line(header.map(() => '---')), ...lines, line(totals(rows.map(({ result }) => result)))]
  const failures = rows.flatMap(({ result }) => result.failures.map((failure) => `${result.row}: ${failure}`))
  return { text: `${opening}\n${table.join('\n')}\n${closing}`, failures }
}

function cells({ row, name, tries, refused, handlerRuns, stored, controls }: Result, file: string): string[] {
  const link = `[${file}.ts](../test/attacks/${file}.ts)`
  return [row, name, ...[tries, refused, handlerRuns, stored, controls].map(inThousands), link]
}

function totals(results: readonly Result[]): string[] {
  const sum = (of: (result: Result) => number) => inThousands(results.reduce((total, result) => total + of(result), 0))
  return [
    '',
    '**all**',
    sum(({ tries }) => tries),
    sum(({ refused }) => refused),
    sum(({ handlerRuns }) => handlerRuns),
    sum(({ stored }) => stored),
    sum(({ controls }) => controls),
    '',
  ]
}

const inThousands = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ',')
const line = (values: readonly string[]) => `| ${values.join(' | ')} |`
