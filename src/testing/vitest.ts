import { expect } from 'vitest'
import { type PayproofMatchers, payproofMatchers } from './matchers'

expect.extend(payproofMatchers)

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: as vitest declares it, or the two do not merge.
  interface Matchers<T = any> extends PayproofMatchers<T> {}
}
