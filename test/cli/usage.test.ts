import { readFileSync } from 'node:fs'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mysqlSchema } from '../../src/stores/mysql'
import { postgresSchema } from '../../src/stores/postgres'
import { buildCommandLine, type CommandLine, unsafe } from './command-line'

let cli: CommandLine
beforeAll(async () => {
  cli = await buildCommandLine()
})
afterAll(() => cli.close())

const secret = 'whsec_never-to-be-seen-0123456789'
const url = 'http://127.0.0.1:9/'

describe('payproof', () => {
  it('has help with examples for itself and for every command', async () => {
    const { stdout, code } = await cli.run(['--help'])
    expect(code).toBe(0)
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+) .*\[options\]/gm)].map(([, name = '']) => name)
    expect(commands).toEqual(expect.arrayContaining(['send', 'explain', 'schema']))
    for (const name of commands) {
      const help = await cli.run([name, '--help'])
      expect([name, help.code]).toEqual([name, 0])
      expect(help.stdout).toMatch(new RegExp(`Examples:\\n {2}\\$ .*payproof ${name}`))
      expect(help.stdout).toContain('--json')
    }
  })

  it('has a version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(await cli.run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })

  it.each([
    [['frobnicate']],
    [['--frobnicate']],
    [['schema']],
    [['schema', 'oracle']],
    [['schema', 'postgres', '--table', 'x; DROP TABLE orders']],
    [['send']],
    [['send', 'paypal', '--to', url]],
    [['send', 'payqi', 'payment.complete', '--to', url]],
    [['send', 'payqi', '--form', 'nix', '--to', url]],
    [['send', 'payqi', '--count', '0', '--to', url]],
    [['send', 'payqi', '--count', '1e3', '--to', url]],
    [['send', 'payqi', '--data', '[]', '--to', url]],
    [['send', 'payqi', '--to', 'ftp://127.0.0.1/']],
    [['send', 'payqi', '--to', 'http://user:pass@127.0.0.1/']],
    [['send', 'payqi', '--to', 'http://192.0.2.1/']],
    [['send', 'payqi', '--to', 'http://127.0.0.1.example.com/']],
    [['send', 'payqi']],
    [['send', 'payqi', '--set', 'secret=abc', '--to', url]],
    [['send', 'payqi', '--secret-file', '/nonexistent', '--to', url]],
    [['send', 'payqi', '--rotate', '--to', url]],
    [['explain', 'payqi', '--body', '-', '--headers', '-']],
    [['explain', 'payqi', '--body', '/nonexistent', '--headers', '/dev/null']],
    [['explain', 'payqi', '--body', '/dev/null', '--headers', '/dev/null', '--at', 'yesterday']],
  ])('exits with 2 and says why: %j', async (args) => {
    const { code, stdout, stderr } = await cli.run(args, { env: { PAYPROOF_SECRET: secret } })
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^error: .{15}/)
    expect(stderr).not.toContain(secret)
  })

  it('asks for what is missing, and says where it goes', async () => {
    const { code, stderr } = await cli.run(['send', 'caspay', '--to', url])
    expect(code).toBe(2)
    expect(stderr).toMatch(/CasPay's secret is needed: set CASPAY_WEBHOOK_SECRET or PAYPROOF_SECRET .* --secret-file/)
    expect((await cli.run(['send', 'kasperopay', '--to', url])).stderr).toMatch(
      /KASPEROPAY_MERCHANT_ID.*--set merchantId=/,
    )
  })

  it('refuses a secret that is none, as the library does', async () => {
    const { code, stderr } = await cli.run(['send', 'caspay', '--to', url], {
      env: { PAYPROOF_SECRET: '"quoted-secret-0123456789"' },
    })
    expect(code).toBe(2)
    expect(stderr).toMatch(/has quotes around it/)
    expect(stderr).not.toContain('0123456789')
  })
})

describe('secrets', () => {
  it.each([
    ['send', 'caspay', '--to', url, '--secret', secret],
    ['send', 'caspay', '--to', url, `--secret=${secret}`],
    ['send', 'caspay', '--to', url, '--token', secret],
    ['send', 'caspay', '--to', url, '--api-key', secret],
    ['send', 'caspay', '--to', url, `--webhook-secret=${secret}`],
    ['send', 'caspay', '--to', url, secret],
    ['send', 'caspay', '--to', url, '--set', `secret=${secret}`],
    ['send', 'caspay', '--to', url, `--set=secret=${secret}`],
    ['explain', 'caspay', '--password', secret],
  ])('are no arguments: %s %s %s %s %s', async (...args) => {
    const { code, all } = await cli.run(args)
    expect(code).toBe(2)
    expect(all).toMatch(/stand in the shell's history and in the process list/)
    expect(all).not.toContain('never-to-be-seen')
  })

  it.each(['plain', 'two\nlines'])('are not repeated when they were mistyped into something else: %j', async (text) => {
    const { all, code } = await cli.run(['send', 'caspay', '--to', url, `--sekret=${text}-never-to-be-seen`])
    expect(code).toBe(2)
    expect(all).not.toContain('never-to-be-seen')
  })

  it.each([
    [['send', 'caspay', '--to', url, '-never-to-be-seen'], /unknown option '-n…'/],
    [['send', 'caspay', '--to', url, '--never_to_be_seen'], /unknown option '--…'/],
    [['send', 'caspay', '--to', url, '--frobnicate'], /unknown option '--frobnicate'/],
    [['send', 'caspay', '--to', url, '--sekret=never_to_be_seen'], /unknown option '--sekret=…'/],
    [['send', 'caspay', '--to', url, "--se='never-to-be-seen'\nnever-to-be-seen'"], /unknown option '--se=…'/],
    [['send', 'caspay', '--to', url, '--count', 'never-to-be-seen'], /argument is invalid\. It must be a whole number/],
    [['send', 'never-to-be-seen-01', '--to', url], /no provider of that name: it is one of kasperopay/],
    [['send', 'caspay', 'never-to-be-seen-01', '--to', url], /CasPay sends no such event/],
    [['send', 'caspay', '--form', 'never-to-be-seen-01', '--to', url], /no form of that name: it has/],
    [['send', 'caspay', '--payload', 'never-to-be-seen-01', '--to', url], /cannot be read: ENOENT/],
    [
      ['send', 'caspay', '--secret-file', 'never-to-be-seen-01', '--to', url],
      /given with --secret-file cannot be read/,
    ],
    [['listen', '--provider', 'caspay', '--port', 'never-to-be-seen'], /'--port <number>' argument is invalid/],
    [['schema', 'never-to-be-seen'], /value is invalid.*postgres, mysql, sqlite/],
    [['never-to-be-seen-01'], /unknown command/],
    [['doctor', 'user:never-to-be-seen@shop.example/x', '--provider', 'caspay'], /What was given is no address/],
    [['doctor', 'shop.example/x?key=never-to-be-seen', '--provider', 'caspay'], /shop\.example\/x is no address/],
    [['doctor', 'never-to-be-seen-01', '--provider', 'caspay'], /What was given is no address/],
  ])('are not repeated in the wrong place: %j', async (args, words) => {
    const { code, all } = await cli.run(args, { env: { PAYPROOF_SECRET: secret } })
    expect(code).toBe(2)
    expect(all).toMatch(words)
    expect(all).not.toMatch(/never.to.be.seen/)
  })

  it('are asked for on a terminal, and not shown', async () => {
    const { all } = await cli.run(['send', 'caspay', '--to', url], { terminal: true, answer: `${secret}\r` })
    expect(all).toContain("CasPay's secret: ")
    expect(all).not.toContain('never-to-be-seen')
    expect(all).toMatch(/ECONNREFUSED/)
  })
})

describe('payproof schema', () => {
  it('prints what the stores make', async () => {
    expect((await cli.run(['schema', 'postgres'])).stdout).toBe(`${postgresSchema()}\n`)
    expect((await cli.run(['schema', 'mysql', '--table', 'a.b'])).stdout).toBe(`${mysqlSchema('a.b')};\n`)
    const { stdout } = await cli.run(['schema', 'sqlite', '--table', 'webhook_events'])
    const database = new Database(':memory:')
    database.exec(stdout)
    expect(database.prepare('SELECT count(*) AS n FROM webhook_events').get()).toMatchObject({ n: 0 })
    database.close()
  })

  it('prints it as JSON', async () => {
    const { stdout } = await cli.run(['schema', 'postgres', '--table', 'x', '--json'])
    expect(JSON.parse(stdout)).toEqual({ database: 'postgres', table: 'x', sql: postgresSchema('x') })
  })

  it('shows what was typed as inert text', async () => {
    const { stderr, code } = await cli.run(['schema', '\u001b[31mred\u202e\u0007'])
    expect(code).toBe(2)
    expect(stderr).not.toMatch(unsafe)
  })

  it('has colours only where they are wanted', async () => {
    expect((await cli.run(['schema', 'x'], { env: { FORCE_COLOR: '1' } })).code).toBe(2)
    const list = ['send', 'payqi', '--list']
    expect((await cli.run(list)).stdout).not.toContain('\u001b')
    expect((await cli.run(list, { env: { FORCE_COLOR: '1' } })).stdout).toContain('\u001b[1mpayqi')
    expect((await cli.run(list, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout).not.toContain('\u001b')
  })
})
