/** Instead of a file's name: standard input. */
export const standardInput = '-'
