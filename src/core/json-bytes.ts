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

/** Which of four bytes are `byte` four times over: the top bit of each, right up to the first one. */
export function sameBytes(four: number, fourTimes: number): number {
  const others = four ^ fourTimes
  return (others - 0x01010101) & ~others & 0x80808080
}

/** How many bytes come before the first mark. */
export function beforeMark(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >>> 3
}
