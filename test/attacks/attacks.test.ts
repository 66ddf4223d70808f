import { describe, expect, it } from 'vitest'
import { themes } from './all'
import { play } from './attack'

describe.each(Object.entries(themes))('%s', (_, attacks) => {
  it.each(attacks)('$row: $name', async (attack) => {
    expect((await play(attack)).failures).toEqual([])
  })
})
