/** Standard output for the log. Lines are written together: a system call for each is a good part of what a refusal costs. */
import { destination } from 'pino'

const bytesTogether = 4096
const longestWaitMs = 100

/** To be flushed when the process ends. */
export function openLog (): ReturnType<typeof destination> {
  return destination({ dest: 1, sync: true, minLength: bytesTogether, periodicFlush: longestWaitMs })
}
