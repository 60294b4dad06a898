import { totalmem } from 'node:os'

/** Bytes of memory that this process may use: the machine's, or what its control group allows. */
export function countAvailableMemory (): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem()
}
