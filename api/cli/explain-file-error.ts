/** Causes of file errors, by the system's code. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'may not be read',
}

/** One sentence for a file error that the user can fix; undefined for others. */
export function explainFileError (error: unknown): string | undefined {
  const { code = '', path = 'what was named' } = error as NodeJS.ErrnoException
  return code in reasons ? `Expected a file that can be read, but ${path} ${reasons[code]}.` : undefined
}
