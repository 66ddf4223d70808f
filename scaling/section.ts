import type { Table } from '../chaos/table'
import type { Costs } from './model'

/** One question of the document, and where its figures stand in it. */
export interface Section {
  readonly name: string
  run(bench: Bench): Promise<Result>
}

export interface Bench {
  readonly quick: boolean
  /** The script that serves deliveries in a process of its own. */
  readonly serverScript: string
  /** What the sections before it have measured. */
  readonly facts: Partial<Facts>
  /** This many, or fewer when it must be quick. */
  count(full: number, quick: number): number
  say(text: string): void
}

/** What the model is made of. */
export interface Facts extends Costs {
  readonly postgresCallMs: number
  readonly transactionRoundTrips: number
}

export interface Result {
  readonly tables: readonly Table[]
  /** How to read them, and what was not run. */
  readonly remarks?: readonly string[]
  readonly facts?: Partial<Facts>
  /** What must hold and did not. */
  readonly broken?: readonly string[]
}
