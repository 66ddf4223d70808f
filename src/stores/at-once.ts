/** By the function, not by the store: whoever replaces or wraps the one is asked, and not the other behind its back. */
const answers = new WeakMap<object, unknown>()

/** A call of a store that needs no waiting: a promise for whoever calls it, the answer itself for `atOnce`. */
export function answeredAtOnce<Given extends unknown[], Answer>(
  answer: (...given: Given) => Answer,
): (...given: Given) => Promise<Answer> {
  const ask = async (...given: Given) => answer(...given)
  answers.set(ask, answer)
  return ask
}

/** What answers that call without a promise, if anything does. */
export function atOnce<Given extends unknown[], Answer>(
  ask: (...given: Given) => Promise<Answer>,
): ((...given: Given) => Answer) | undefined {
  return answers.get(ask) as ((...given: Given) => Answer) | undefined
}
