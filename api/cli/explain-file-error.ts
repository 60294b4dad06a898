/** By the system's code, what is wrong with a file. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'may not be read',
}

/** A sentence where a file is at fault, and its person can do something about it; otherwise nothing. */
export function explainFileError (error: unknown): string | undefined {
  const { code = '', path = 'what was named' } = error as NodeJS.ErrnoException
  return code in reasons ? `Expected a file that can be read, but ${path} ${reasons[code]}.` : undefined
}
