import type { Shop } from '../run/shop'

/** Somebody at the operator's page. */
export interface Operator {
  /** The page as it is now. */
  read(): Promise<string>
  /** Presses a button. Gives the page that follows. */
  press(path: string, fields?: Readonly<Record<string, string>>): Promise<string>
}

export function atOperatorsPage({ operatorUrl, secrets }: Pick<Shop, 'operatorUrl' | 'secrets'>): Operator {
  const authorization = `Basic ${Buffer.from(`operator:${secrets.OPERATOR_PASSWORD}`).toString('base64')}`
  const read = async () => (await fetch(operatorUrl, { headers: { authorization } })).text()
  return {
    read,
    async press(path, fields = {}) {
      const [, token = ''] = /name="token" value="([^"]*)"/.exec(await read()) ?? []
      const body = new URLSearchParams({ token, ...fields })
      const answer = await fetch(`${operatorUrl}${path}`, { method: 'POST', headers: { authorization }, body })
      return answer.text()
    },
  }
}

/** How many deliveries the page shows that were not handled. */
export function keptOn(page: string): number {
  return Number(/<title>(\d+) not handled/.exec(page)?.[1])
}
