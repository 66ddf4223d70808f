import { describe, expect, it } from 'vitest'
import { post } from '../support/server'
import { genuine } from '../support/shop'
import { ask, listening } from './desk'

describe('the page lets nobody in but who has its address, on this machine', () => {
  it('serves the page, which loads nothing but its own script and style', async () => {
    const { page } = await listening()
    const { status, headers, body } = await ask(page)
    expect(status).toBe(200)
    const policy = String(headers['content-security-policy'])
    const [, nonce] = /script-src 'nonce-([^']+)'/.exec(policy) ?? []
    expect(policy).toBe(
      [
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        `script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src 'self'; connect-src 'self'`,
        "require-trusted-types-for 'script'; trusted-types 'none'",
      ].join('; '),
    )
    expect(body).toContain(`src="page.js" nonce="${nonce}"`)
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/)
    expect((await ask(page)).headers['content-security-policy']).not.toBe(policy)
  })

  it.each(['', 'page.js', 'page.css', 'icon.svg', 'nothing', 'deliveries/1'])(
    'guards the answer to /%s',
    async (path) => {
      const { page } = await listening()
      expect((await ask(page + path)).headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      })
    },
  )

  it.each([
    ['another', (token: string) => token.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))],
    ['none', () => ''],
    ['a shorter one', (token: string) => token.slice(1)],
    ['a longer one', (token: string) => `${token}0`],
    ['capitals', (token: string) => token.toUpperCase()],
  ])('finds nothing under %s as token, and says the same of what is not there', async (_, change) => {
    const { page } = await listening()
    const wrong = page.replace(/[0-9a-f]{48}/, change)
    expect(wrong).not.toBe(page)
    const answers = [await ask(wrong), await ask(`${wrong}page.js`), await ask(new URL('/', page).href)]
    const missing = await ask(`${page}missing`)
    expect(missing.status).toBe(404)
    for (const { status, body } of answers) expect([status, body]).toEqual([404, missing.body])
  })

  it('makes another token each time', async () => {
    const [first, second] = [await listening(), await listening()]
    const tokens = [first, second].map(({ page }) => /\/([0-9a-f]{48})\/$/.exec(page)?.[1])
    expect(new Set(tokens).size).toBe(2)
    expect(tokens).not.toContain(undefined)
  })

  it.each([
    ['evil.test', 403],
    ['127.0.0.1.evil.test', 403],
    ['localhost.evil.test:80', 403],
    ['169.254.0.1', 403],
    ['127.0.0.1:99999999', 403],
    ['LOCALHOST:4000', 200],
    ['[::1]:4000', 200],
  ])('answers Host %s with %i', async (host, status) => {
    const { page } = await listening()
    expect((await ask(page, { headers: { host } })).status).toBe(status)
  })

  it.each([
    ['no Origin', {}, 403],
    ['Origin null', { origin: 'null' }, 403],
    ['another site', { origin: 'http://evil.test' }, 403],
    ['another port', { origin: 'http://127.0.0.1:1' }, 403],
  ])('takes no change with %s', async (_, headers, status) => {
    const { page, receivesAt, settled } = await listening()
    await post(receivesAt, { ...genuine(), headers: genuine().headers })
    const order = { method: 'POST', headers, body: '{"how":"as it was"}' }
    expect((await ask(`${page}deliveries/1/resend`, order)).status).toBe(status)
    expect((await ask(`${page}clear`, order)).status).toBe(status)
    expect(settled.length).toBe(1)
    expect((await ask(`${page}deliveries/1`)).status).toBe(200)
  })

  it('is not shown to other sites, whatever they know', async () => {
    const { page } = await listening()
    expect((await ask(page, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    expect((await ask(page, { headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(200)
    expect((await ask(page, { method: 'DELETE' })).status).toBe(403)
  })

  it('is on loopback alone, also where deliveries come in from everywhere', async () => {
    const { page, receivesAt } = await listening({ host: '0.0.0.0' })
    const elsewhere = (url: string) => ask(url.replace(/127\.0\.0\.1|0\.0\.0\.0/, '127.0.0.2'))
    expect((await elsewhere(receivesAt)).status).toBe(405)
    await expect(elsewhere(page)).rejects.toThrow('ECONNREFUSED')
  })

  it('is nowhere on the port that receives', async () => {
    const { page, receivesAt } = await listening()
    const { pathname } = new URL(page)
    const answer = await ask(new URL(pathname, receivesAt).href)
    expect([answer.status, answer.body]).toEqual([405, '{"error":"method_not_allowed"}'])
  })
})
