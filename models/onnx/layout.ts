/** Layouts of a graph; all compute the same function, `plain-fp16` rounded to float16. */
export const layouts = ['plain', 'plain-fp16', 'blocked8', 'blocked16'] as const

export type Layout = typeof layouts[number]
