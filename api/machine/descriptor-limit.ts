import { readFileSync } from 'node:fs'

/**
 * Files and sockets that this process may have open at the same time; undefined if unknown. Node has raised the limit to the
 * highest allowed one at its start.
 *
 * @param readLimits - Returns the text of /proc/self/limits; throws if there is none.
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

/** The limit in Node's diagnostic report, for systems without /proc; takes some 10 ms. */
function reportedLimit (): number | undefined {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: string | number } } }
  return toCount(userLimits?.open_files?.soft)
}

function toCount (limit: string | number | undefined): number | undefined {
  return /^\d+$/.test(String(limit)) ? Number(limit) : undefined
}
