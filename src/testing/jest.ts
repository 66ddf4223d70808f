import { type PayproofMatchers, payproofMatchers } from './matchers'

/** With `injectGlobals` off, call `expect.extend(payproofMatchers)` yourself. */
;(globalThis as unknown as { expect: { extend(matchers: object): void } }).expect.extend(payproofMatchers)

declare global {
  namespace jest {
    interface Matchers<R> extends PayproofMatchers<R> {}
  }
}
