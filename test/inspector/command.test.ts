import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { post } from '../support/server'
import { forged, secret } from '../support/shop'
import { ask } from './desk'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The command as a user starts it. */
function start(args: readonly string[], env: Record<string, string> = { CASPAY_WEBHOOK_SECRET: secret }) {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'listen', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said = { out: '', err: '' }
  const lines: string[] = []
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes')
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk))
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk))
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, said, lines, ended }
}

describe('payproof listen', { timeout: 60_000 }, () => {
  it('prints JSON lines: where it listens, then each delivery; and ends when told to', async () => {
    const { child, lines, said, ended } = start(['--provider', 'caspay', '--port', '0', '--json'])
    await expect.poll(() => lines.length, { timeout: 20_000 }).toBe(1)
    const { type, receivesAt, page } = JSON.parse(lines[0] ?? '') as Record<string, string>
    expect([type, new URL(page ?? '').hostname]).toEqual(['listening', '127.0.0.1'])
    expect(new URL(page ?? '').port).not.toBe(new URL(receivesAt ?? '').port)
    expect((await ask(`${page}page.js`)).body.length).toBeGreaterThan(10_000)

    await post(receivesAt ?? '', { ...forged(), headers: [...forged().headers, ['X-Copy', secret]] })
    await post(`${receivesAt}%1b[2J`, { headers: [], body: `\u001b]0;pwned\u0007 ${secret}` })
    await expect.poll(() => lines.length).toBe(3)
    expect(lines.slice(1).map((line) => JSON.parse(line))).toMatchObject([
      { type: 'delivery', number: 1, verdict: 'refused', code: 'signature_mismatch', answered: 401 },
      { type: 'delivery', number: 2, verdict: 'refused', code: 'signature_missing' },
    ])
    const commandLine = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    for (const text of [said.out, said.err, commandLine]) expect(text).not.toContain(secret)
  })

  it('tells a person, with nothing in it that a terminal would obey', async () => {
    const { lines, said, child, ended } = start([
      '--provider',
      'caspay',
      '--port',
      '0',
      '--forward',
      'http://127.0.0.1:1/',
    ])
    await expect.poll(() => lines.length, { timeout: 20_000 }).toBeGreaterThan(3)
    const [, receivesAt = ''] = /Receives at {2}(\S+)/.exec(said.out) ?? []
    expect(said.out).toContain('Hands on to  http://127.0.0.1:1/')
    expect(said.out).toMatch(/Shows it at {2}http:\/\/127\.0\.0\.1:\d+\/_payproof\/[0-9a-f]{48}\//)
    await post(`${receivesAt}%C2%9B2J`, forged())
    await expect.poll(() => said.out).toMatch(/#1 {2}502 forward failed {2}signature_mismatch/)
    await expect.poll(() => said.err, { timeout: 5000 }).toContain('unexplained')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(said.out + said.err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(said.out + said.err).not.toContain(secret)
  })

  it('listens in production where allowed, and goes on when nobody reads its notes any more', async () => {
    const args = ['--provider', 'caspay', '--port', '0', '--json', '--allow-production', '--remote']
    const { child, lines, ended } = start([...args, '--forward', 'http://shop.invalid/'], {
      CASPAY_WEBHOOK_SECRET: secret,
      NODE_ENV: 'production',
    })
    await expect.poll(() => lines.length, { timeout: 20_000 }).toBe(1)
    const { receivesAt = '' } = JSON.parse(lines[0] ?? '') as Record<string, string>
    child.stderr?.destroy()
    for (const number of [1, 2, 3]) {
      expect((await post(receivesAt, forged())).status).toBe(502)
      await expect.poll(() => lines.length).toBe(1 + number)
    }
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it.each([
    ['no provider', [], {}, '--provider'],
    ['an unknown provider', ['--provider', 'stripe'], {}, 'There is no provider stripe'],
    ['no secret', ['--provider', 'caspay'], {}, 'CASPAY_WEBHOOK_SECRET'],
    ['a secret that is none', ['--provider', 'caspay'], { CASPAY_WEBHOOK_SECRET: 'short' }, 'too short'],
    ['a secret as argument', ['--provider', 'caspay', '--secret', secret], {}, 'refused'],
    ['a wrong port', ['--provider', 'caspay', '--port', '99999'], {}, '0 to 65535'],
    [
      'an address elsewhere',
      ['--provider', 'caspay', '--forward', 'http://shop.example/'],
      { PAYPROOF_SECRET: secret },
      '--remote',
    ],
    ['production', ['--provider', 'caspay'], { PAYPROOF_SECRET: secret, NODE_ENV: 'production' }, '--allow-production'],
    [
      'an unknown interface',
      ['--provider', 'caspay', '--port', '0', '--host', '192.0.2.1'],
      { PAYPROOF_SECRET: secret },
      '192.0.2.1 is no address',
    ],
    ['a wrong address', ['--provider', 'caspay', '--forward', 'shop'], { PAYPROOF_SECRET: secret }, 'URL of http'],
  ] as const)('ends with 2 on %s', async (_, args, env, words) => {
    const { ended, said } = start(args, env)
    expect(await ended).toBe(2)
    expect(said.err).toContain(words)
    expect(said.err).not.toContain(secret)
  })
})
