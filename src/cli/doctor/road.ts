import { judgeAccess } from './access'
import {
  expected,
  headerOf,
  isGatewayFailure,
  isNotFound,
  isPage,
  isRedirect,
  isServerError,
  isSuccess,
  isUnproven,
  isWrongMethod,
  refusalIn,
} from './answers'
import { type Check, isProblem, notChecked, ok, problem, quoted, warning } from './check'
import type { Answer } from './exchange'

/** How far a forged delivery got: what stands before the handler, then the handler's own answer. */
export function checkRoad(answer: Answer, elsewhere?: string): readonly Check[] {
  const checks: Check[] = []
  for (const [name, judge] of stations) {
    const stopped = checks.find(isProblem)
    if (stopped === undefined) checks.push(judge(answer, elsewhere))
    else checks.push(notChecked(name, `The delivery came no further than "${stopped.name}".`))
  }
  return checks
}

type Judge = (answer: Answer, elsewhere: string | undefined) => Check

const redirect: Judge = (answer) => {
  if (!isRedirect(answer)) return ok('redirect', 'It answers by itself, and not with a redirect.')
  const location = headerOf(answer, 'location')
  const advice =
    location === undefined
      ? 'Answer the delivery itself: senders do not follow redirects.'
      : `Register ${quoted(location)} with the provider instead, or stop redirecting: senders do not follow.`
  return problem('redirect', `It answers ${answer.status}, a redirect.`, advice)
}

const route: Judge = (answer, elsewhere) => {
  const name = 'route'
  const { status } = answer
  if (isNotFound(answer)) {
    const other = elsewhere === undefined ? '' : ` ${quoted(elsewhere)} does answer.`
    const advice = 'Check the path, its prefix and its slash at the end, against where the webhook is mounted.'
    return problem(name, `${status}: there is nothing at this path.${other}`, advice)
  }
  if (isWrongMethod(answer))
    return problem(
      name,
      `${status}: this path does not take POST.`,
      'Mount the webhook with `post`, at exactly this path.',
    )
  if (isSuccess(answer) && isPage(answer))
    return problem(
      name,
      `${status} with a page (HTML): some other route takes this path.`,
      'Mount the webhook before it.',
    )
  return ok(name, 'Something takes POST at this path.')
}

const handler: Judge = (answer) => {
  const name = 'handler'
  const { status } = answer
  const refusal = refusalIn(answer)
  if (refusal === 'body_already_parsed') {
    const advice = 'Mount the webhook before `express.json()` and its like: parsed bytes cannot be verified.'
    return problem(name, `${status} ${refusal}: something parses the body before payproof.`, advice)
  }
  if (refusal !== undefined && isServerError(answer))
    return problem(
      name,
      `${status} ${refusal}, from payproof.`,
      adviceFor[refusal] ?? 'Look for its hint in the log of the app.',
    )
  if (isGatewayFailure(answer))
    return problem(
      name,
      `${status}: a proxy gets no answer from the app.`,
      'See that the app runs, and where the proxy looks for it.',
    )
  if (isServerError(answer))
    return problem(
      name,
      `${status}: the app failed.`,
      `Look into the log of the app: a forgery should end in ${expected.forgery}.`,
    )
  return ok(name, 'The app answers without failing.')
}

const adviceFor: Readonly<Record<string, string>> = {
  confirmation_unavailable: "See that the app reaches the provider's API: nothing can be confirmed without it.",
  secret_unavailable: 'See why the look-up of the secret fails.',
  store_unavailable: 'See that the app reaches its store: `--store` checks it.',
  shutting_down: 'The receiver was closed: start the app anew.',
}

const forgery: Judge = (answer) => {
  const name = 'forgery'
  const { status } = answer
  if (refusalIn(answer) === 'unauthorized')
    return ok(name, `A forged delivery is refused, with payproof's own ${status}.`)
  if (isSuccess(answer))
    return problem(
      name,
      `A forged delivery is answered ${status}: anybody can report payments.`,
      'Verify before anything else: hand the request to the receiver, with the right secret.',
    )
  const seen = `A forged delivery is refused with ${status}, but not in payproof's words.`
  if (isUnproven(answer))
    return warning(name, seen, 'Make sure that it is your handler that answers, and no log-in before it.')
  return warning(name, seen, `See who answers: payproof says ${expected.forgery}.`)
}

const stations: readonly (readonly [string, Judge])[] = [
  ['redirect', redirect],
  ['access', judgeAccess],
  ['route', route],
  ['handler', handler],
  ['forgery', forgery],
]
