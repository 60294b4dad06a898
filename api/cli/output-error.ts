import { TryAgainError, UsageError } from './usage-error.ts'

/** Causes of a path that cannot be written, by the system's code. */
const wrongPaths: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'what should be its folder is a file',
  EISDIR: 'it is a directory',
  EEXIST: 'something was created there meanwhile',
  ELOOP: 'it is a link that leads to itself',
  ENAMETOOLONG: 'its name is too long',
  EACCES: 'it may not be written',
  EPERM: 'it may not be written',
  EROFS: 'its file system is read-only',
}
const noRoom: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it would be larger than a file may be',
}

/** One sentence for an error that the user can fix; any other error unchanged. */
export function explainOutputError (error: unknown, path: string): unknown {
  const { code = '' } = error as NodeJS.ErrnoException
  if (code in wrongPaths) return new UsageError(`Expected a path that can be written, but ${path} is not: ${wrongPaths[code]}.`, { cause: error })
  if (code in noRoom) return new TryAgainError(`Expected room for ${path}, but ${noRoom[code]}: make some and repeat the command.`, { cause: error })
  return error
}
