import { execFile } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ExecutionProvider } from '../../config.ts'

const probeTimeoutMs = 60_000
const script = fileURLToPath(new URL(`./probe-session${extname(import.meta.url)}`, import.meta.url))

/** Why no session of the graph can be made on the provider, tried in a process of its own; undefined if one can. */
export async function explainNoSession (provider: ExecutionProvider, graphPath: string): Promise<string | undefined> {
  try {
    await promisify(execFile)(process.execPath, [script, provider, graphPath], { timeout: probeTimeoutMs })
    return undefined
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    return `no session can be made: ${stderr.trim().split('\n').at(-1) || String(error)}`
  }
}
