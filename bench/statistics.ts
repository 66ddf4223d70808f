/** What one slice took, per operation. */
export interface Slice {
  readonly wallMs: number
  /** Of all threads of the process: user and system. */
  readonly cpuMs: number
}

export type Clock = 'cpuMs' | 'wallMs'

/** One contestant's times as a multiple of another's, compared round by round. */
export interface Ratio {
  readonly median: number
  readonly lower: number
  readonly upper: number
  /** The fastest slice of the one to the fastest of the other: what a noisy neighbour disturbs least. */
  readonly best: number
}

export function ratioOf(slices: readonly Slice[], base: readonly Slice[], clock: Clock): Ratio {
  if (slices.length === 0 || slices.length !== base.length)
    throw new Error('Only rounds that both took part in compare.')
  const rounds = slices.map((slice, round) => slice[clock] / (base[round]?.[clock] ?? Number.NaN))
  return {
    median: quantile(rounds, 0.5),
    lower: quantile(rounds, 0.25),
    upper: quantile(rounds, 0.75),
    best: fastest(slices, clock) / fastest(base, clock),
  }
}

export function medianOf(slices: readonly Slice[], clock: Clock): number {
  return quantile(
    slices.map((slice) => slice[clock]),
    0.5,
  )
}

/** By linear interpolation between the two nearest. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('Nothing was measured.')
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

function fastest(slices: readonly Slice[], clock: Clock): number {
  return Math.min(...slices.map((slice) => slice[clock]))
}
