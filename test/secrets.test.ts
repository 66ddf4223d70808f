import { describe, expect, it } from 'vitest'
import { caspay, merchantToken, mugglepay, payqi, payvost } from '../src'
import { thrown } from './support/errors'

const builders = {
  caspay: (value: string) => caspay({ secret: value }),
  payqi: (value: string) => payqi({ secret: ['a-right-secret-0123456789', value] }),
  payvost: (value: string) => payvost({ secret: { id: 'a', value } }),
  token: (value: string) => mugglepay({ token: value }),
  apiKey: (value: string) => mugglepay({ token: 'a-right-secret-0123456789', apiKey: value }),
  orderTokenSecret: (value: string) => mugglepay({ orderTokenSecret: value }),
  merchantToken: (value: string) => merchantToken(value, 'o_1'),
}

describe.each(Object.entries(builders))('a secret that everybody knows, as %s', (_, build) => {
  it.each([
    ['your_webhook_secret', 'placeholder'],
    ['whsec_your_webhook_secret', 'placeholder'],
    ['YOUR-WEBHOOK-SECRET', 'placeholder'],
    ['your_custom_token_123', 'placeholder'],
    ['whsec_0123456789', 'too short: 10 characters after `whsec_`'],
    ['whsec_1234567890', 'too short: 10 characters after `whsec_`'],
    ['whsec_', 'too short: 0 characters after `whsec_`'],
    ['0123456789', 'too short: 10 characters, '],
    ['a'.repeat(16), 'one character again and again'],
    [`whsec_${'0'.repeat(64)}`, 'one character again and again'],
    ['💥'.repeat(8), 'too short'],
    ['💥'.repeat(16), 'one character again and again'],
  ])('%s is refused at start', (value, problem) => {
    const error = thrown(() => build(value))
    expect(error).toMatchObject({ code: 'configuration_invalid', hint: expect.stringContaining(problem) })
    if (value !== 'whsec_') expect(error.message).not.toContain(value.slice(-8))
  })

  it.each(['whsec_0123456789abcdef', 'yours_truly_0123456789', `${'a'.repeat(15)}b`])('%s is not', (value) => {
    expect(() => build(value)).not.toThrow()
  })
})
