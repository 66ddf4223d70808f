import { sleep } from '../support/shop'
import type { Try, Verdict } from './attack'

/** Something must come back before the time is up. */
export const within = (ms: number, attempt: Try): Try => ({
  ...attempt,
  play: () =>
    Promise.race([
      attempt.play(),
      sleep(ms).then(
        (): Verdict => ({ status: 0, code: 'hangs', handlerRuns: 0, stored: 0, wrong: `no answer in ${ms} ms` }),
      ),
    ]),
})

/** `answer` is all that may be answered. */
export const answering = (answer: string, attempt: Try): Try => ({
  ...attempt,
  async play() {
    const verdict = await attempt.play()
    return verdict.body === answer ? verdict : { ...verdict, wrong: `answered ${verdict.body}` }
  },
})

/** A try that must not take long. The bound is wide: it tells linear from not. */
export const swiftly = (attempt: Try, ms = 1000): Try => ({
  ...attempt,
  async play() {
    const started = performance.now()
    const verdict = await attempt.play()
    const took = performance.now() - started
    return took < ms ? verdict : { ...verdict, wrong: `took ${Math.round(took)} ms` }
  },
})
