import { spawnSync } from 'node:child_process'
import { MissingTool } from './missing-tool.ts'

/** A program of this name runs. */
function isThere (program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

/**
 * Name of a program that runs, installed from Debian's package if it is not there.
 *
 * @throws MissingTool where it cannot be installed.
 */
export function findDebianProgram (program: string, debianPackage: string): string {
  if (isThere(program)) return program
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  for (const args of [['update', '-qq'], ['install', '--yes', '--quiet', '--no-install-recommends', debianPackage]]) {
    const [command, ...rest] = [...asRoot, 'apt-get', ...args] as [string, ...string[]]
    spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  }
  if (isThere(program)) return program
  throw new MissingTool(`Expected ${program}, but there is none, and apt-get could not install the package ${debianPackage}.`)
}
