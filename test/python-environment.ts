/** Python packages that a check needs, kept in the user's cache directory by the digest of their pins. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import envPaths from 'env-paths'

/**
 * Folder of the programs that `requirements` installs; made at the first call.
 *
 * @param requirements - Path of a file that pins every package, dependencies too.
 */
export function pythonEnvironment (name: string, requirements: string): string {
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const environment = join(envPaths('ghostserve', { suffix: '' }).cache, `${name}-${digest}`)
  const programs = join(environment, 'bin')
  // An environment holds its own path and cannot be renamed: a file written last says that it is complete.
  const complete = join(environment, 'complete')
  if (existsSync(complete)) return programs
  console.error(`Installing ${name} into ${environment}.`)
  rmSync(environment, { recursive: true, force: true })
  run('python3', ['-m', 'venv', environment])
  // Uncompiled: most of the time would go into modules that are never loaded.
  run(join(programs, 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-compile', '--requirement', requirements])
  writeFileSync(complete, '')
  return programs
}

function run (command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`Expected ${command} ${args.join(' ')} to succeed, got ${error?.message ?? `status ${status}`}.`)
}
