/** What JSON is made of, in ASCII: in UTF-8 none of it is ever a part of anything else. */
export const quote = 0x22
export const backslash = 0x5c
export const comma = 0x2c
export const colon = 0x3a
export const point = 0x2e
export const minus = 0x2d
export const digit0 = 0x30
export const digit9 = 0x39
export const openingBracket = 0x5b
export const closingBracket = 0x5d
export const openingBrace = 0x7b
export const closingBrace = 0x7d

/** Deeper nesting is refused: a million brackets cost a parser half a second. */
export const maxDepth = 32
