import { type PayproofMatchers, payproofMatchers } from './matchers'

/** With `injectGlobals` off, call `expect.extend(payproofMatchers)` yourself. */
;(globalThis as unknown as { expect: { extend(matchers: object): void } }).expect.extend(payproofMatchers)

declare global {
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: as Jest's own types declare it, or the two do not merge.
    interface Matchers<R, T = {}> extends PayproofMatchers<R> {}
  }
}
