import { readFileSync } from 'node:fs'

/**
 * Files and sockets that this process may have open at the same time, or undefined where that is not known. Node has raised its limit to
 * the highest allowed one when it started.
 *
 * @param readLimits - Returns the text of /proc/self/limits; throws where there is none.
 */
export function descriptorLimit (readLimits = () => readFileSync('/proc/self/limits', 'utf8')): number | undefined {
  let text: string
  try {
    text = readLimits()
  } catch {
    return reportedLimit()
  }
  return toCount(/^Max open files +(\S+)/m.exec(text)?.[1])
}

/** Of systems without /proc, by Node's diagnostic report, which takes some 10 ms. */
function reportedLimit (): number | undefined {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: string | number } } }
  return toCount(userLimits?.open_files?.soft)
}

function toCount (limit: string | number | undefined): number | undefined {
  return /^\d+$/.test(String(limit)) ? Number(limit) : undefined
}
