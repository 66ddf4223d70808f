/** What one check came to. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'warning' | 'problem' | 'not_checked'
  /** What was seen, in one sentence. Holds no secret; text from outside stands in it as it came. */
  readonly seen: string
  /** What to do, in one sentence. Left out where there is nothing to do. */
  readonly advice?: string
}

export const ok = (name: string, seen: string): Check => ({ name, state: 'ok', seen })

export const warning = (name: string, seen: string, advice: string): Check => ({ name, state: 'warning', seen, advice })

export const problem = (name: string, seen: string, advice: string): Check => ({ name, state: 'problem', seen, advice })

export const notChecked = (name: string, seen: string, advice?: string): Check =>
  advice === undefined ? { name, state: 'not_checked', seen } : { name, state: 'not_checked', seen, advice }

export const isProblem = ({ state }: Check): boolean => state === 'problem'

/** Text from outside within a sentence: short, and visibly not ours. */
export const quoted = (text: string, maxLength = 120): string =>
  `\`${text.length > maxLength ? `${text.slice(0, maxLength)}…` : text}\``
