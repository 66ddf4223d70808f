/** Colours and weights: each gives the text back as it is where there are none. */
export type Style = Readonly<Record<keyof typeof codes, (text: string) => string>>

const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const

export function createStyle(coloured: boolean): Style {
  const paint = ([on, off]: readonly [number, number]) =>
    coloured ? (text: string) => `\u001b[${on}m${text}\u001b[${off}m` : (text: string) => text
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, paint(code)])) as Style
}

/** https://no-color.org and its counterpart: only a terminal gets colours, unless one of the two says otherwise. */
export function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '') return env['FORCE_COLOR'] !== '0'
  return isTerminal && env['TERM'] !== 'dumb'
}
