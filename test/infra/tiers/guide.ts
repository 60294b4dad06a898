/** The commands of infra/README.md, run as they are. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { packageRoot } from '../../../models/package-root.ts'
import { readCommands } from '../../docs/page-commands.ts'
import { readInfraFile } from '../infra-files.ts'

const blockTimeoutMs = 120_000

/** Sections of the guide whose commands a test runs. */
export const sectionsRun = ['Kubernetes', 'An archive', 'Knative', 'KServe', 'Load it'] as const

export interface GuideOptions {
  readonly environment: NodeJS.ProcessEnv
  /** What a reader would write in another way: text of the guide -> text that is run. */
  readonly replace?: Readonly<Record<string, string>>
}

/**
 * Runs the blocks of a section in their order, and ends what they leave running.
 *
 * @returns What they print.
 * @throws Error if a command fails, or if one does not say that it is run here.
 */
export async function runSection (
  title: typeof sectionsRun[number], { environment, replace = {} }: GuideOptions
): Promise<string> {
  const section = readInfraFile('README.md').split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? ''
  const blocks = readCommands(section)
  if (blocks.length === 0 || blocks.some(({ runBy }) => runBy !== 'test:infra')) {
    throw new Error(`Expected commands in the guide's section "${title}", all of which say that test:infra runs them.`)
  }
  const printed: string[] = []
  for (const { code } of blocks) {
    const written = Object.entries(replace).reduce((code, [from, to]) => code.replaceAll(from, to), code)
    printed.push(await runBlock(written, environment))
  }
  return printed.join('')
}

async function runBlock (code: string, env: NodeJS.ProcessEnv): Promise<string> {
  // In a group of its own: a command in the background would hold the output open for ever.
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', code], { cwd: packageRoot, env, detached: true, timeout: blockTimeoutMs, stdio: ['ignore', 'pipe', 'pipe'] })
  const [printed, complained] = [text(shell.stdout), text(shell.stderr)]
  const [status] = await once(shell, 'exit') as [number | null]
  try {
    process.kill(-shell.pid!, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // nothing is left
  }
  if (status !== 0) throw new Error(`Expected these commands to work, but they ended with ${status ?? `a signal, at the latest after ${blockTimeoutMs} ms`}:\n${code}\n${await printed}${await complained}`)
  return await printed
}
