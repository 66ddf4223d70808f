import { headerOf, isForbidden, isLogin, isPage, isSuccess, isTooMany, isUnproven } from './answers'
import { type Check, ok, problem, quoted } from './check'
import type { Answer } from './exchange'

/** Whether something asks who the sender is, before the signature can say so. */
export function judgeAccess(answer: Answer): Check {
  const name = 'access'
  const { status } = answer
  const exempt = 'Exempt this path from it: the signature is what proves the sender.'
  const scheme = headerOf(answer, 'www-authenticate')
  if (isUnproven(answer) && scheme !== undefined)
    return problem(
      name,
      `${status} with ${quoted(`WWW-Authenticate: ${scheme}`, 60)}: something wants a log-in.`,
      exempt,
    )
  if (headerOf(answer, 'cf-mitigated') !== undefined)
    return problem(name, `${status}: Cloudflare holds it up with a challenge, which no sender can solve.`, exempt)
  if (isForbidden(answer))
    return problem(
      name,
      `${status}: something before the handler forbids it.`,
      `${exempt} A firewall may be it, or a check for CSRF.`,
    )
  if (isTooMany(answer))
    return problem(
      name,
      `${status}: a rate limit refuses it.`,
      'Raise the limit for this path: payments come in bursts.',
    )
  if (isPage(answer) && isLogin(answer) && (isUnproven(answer) || isSuccess(answer)))
    return problem(name, `${status} with a page that asks for a log-in.`, exempt)
  if (isUnproven(answer) && isPage(answer))
    return problem(name, `${status} with a page (HTML), which is not payproof's answer.`, exempt)
  return ok(name, 'No log-in, firewall or challenge was seen before the handler.')
}
