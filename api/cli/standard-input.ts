/** The file name that stands for standard input. */
export const standardInput = '-'
