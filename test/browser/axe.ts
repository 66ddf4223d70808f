import { source } from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe finds wrong with the page as it is now. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(source)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[]; passes: unknown[] }> }
    }
    const { violations, passes } = await axe.run()
    if (passes.length < 15) return [`axe looked at ${passes.length} rules only`]
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
  })
}
