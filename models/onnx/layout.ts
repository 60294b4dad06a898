/** How a graph is laid out for an execution provider; all layouts compute the same function. */
export const layouts = ['plain', 'blocked8', 'blocked16'] as const

export type Layout = typeof layouts[number]
