import type { Table } from '../chaos/table'
import { atLeast, atMost, type Check, digits, type Result, spread, type Target } from './part'
import { type Shape, type Size, shapes } from './payloads'
import type { Ratio } from './statistics'
import { payqiWire, wires } from './wires'

/** One wire, shape and size: everybody on the same bytes, as multiples of the floor. */
export interface Measured {
  readonly wire: string
  readonly shape: Shape
  readonly size: Size
  readonly cpu: ReadonlyMap<string, Ratio>
  readonly wall: ReadonlyMap<string, Ratio>
}

const notOthers = ['payproof', 'floor']

export function toResult(measured: readonly Measured[]): Result {
  const compared = measured.filter(({ wire }) => wire === payqiWire.name)
  return {
    tables: shapes.flatMap((shape) => [
      byProvider(
        `Providers, ${shape}: payproof ÷ floor`,
        measured.filter((one) => one.shape === shape),
      ),
      byLibrary(
        `Libraries, ${shape}: time ÷ floor`,
        compared.filter((one) => one.shape === shape),
      ),
    ]),
    targets: shapes.flatMap((shape) =>
      toTargets(
        shape,
        measured.filter((one) => one.shape === shape),
      ),
    ),
    checks: compared.map(toCheck),
    bars: [...(compared.find(({ shape, size }) => shape === 'items' && size === '0.6 KB')?.cpu ?? [])].map(
      ([name, { median }]) => ({ name, times: median }),
    ),
  }
}

function toCheck({ shape, size, cpu }: Measured): Check {
  return { name: `verify ${size} ${shape} ÷ floor`, ratio: figure(cpu, 'payproof') }
}

function toTargets(shape: Shape, measured: readonly Measured[]): Target[] {
  const slowest = (size: Size) =>
    Math.max(...measured.filter((one) => one.size === size).map(({ cpu }) => figure(cpu, 'payproof').median))
  const limits = [
    ['0.6 KB', 0.8],
    ['64 KB', 1],
    ['1 MB', 1],
  ] as const
  return [
    ...limits
      .filter(([size]) => measured.some((one) => one.size === size))
      .map(([size, limit]) =>
        atMost(`verify ÷ floor, ${size} of ${shape}, the slowest provider`, slowest(size), limit),
      ),
    ...measured
      .filter(({ cpu }) => cpu.size > 2)
      .map(({ size, cpu }) => {
        const rivals = [...cpu].filter(([name]) => !notOthers.includes(name)).map(([, ratio]) => ratio.median)
        const lead = Math.min(...rivals) / figure(cpu, 'payproof').median
        return atLeast(`the fastest other library ÷ payproof, ${size} of ${shape}`, lead, 1.2)
      }),
  ]
}

function byProvider(title: string, measured: readonly Measured[]): Table {
  const rows = wires.map(({ name }) => [
    name,
    ...cells(
      measured.filter(({ wire }) => wire === name),
      'payproof',
    ),
  ])
  return { title, head: ['', ...sizesOf(measured)], rows: rows.filter((row) => row.length > 1) }
}

function byLibrary(title: string, measured: readonly Measured[]): Table {
  const rows = [...(measured[0]?.cpu.keys() ?? [])].map((name) => [name, ...cells(measured, name)])
  return { title, head: ['', ...sizesOf(measured)], rows }
}

const sizesOf = (measured: readonly Measured[]) => [...new Set(measured.map(({ size }) => size))]

function cells(measured: readonly Measured[], name: string): string[] {
  if (name === 'floor') return measured.map(() => '1')
  return measured.map(({ cpu, wall }) => `${spread(figure(cpu, name))}, wall ${digits(figure(wall, name).median)}`)
}

function figure(ratios: ReadonlyMap<string, Ratio>, name: string): Ratio {
  const ratio = ratios.get(name)
  if (ratio === undefined) throw new Error(`${name} was not measured.`)
  return ratio
}
