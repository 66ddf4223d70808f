import { digits } from '../bench/part'

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${digits(seconds / 3600)} h`
}

export const cores = (value: number) => (value < 0.01 ? 'under 0.01' : digits(value))

/** 1 kB is 1000 bytes. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return `${digits(value / 1000 ** step)} ${units[step]}`
}
