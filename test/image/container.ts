/** An image's files as a container runs them: read-only, as the image's user, without privileges, with process ids of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageConfig } from './buildah.ts'

/** What a container engine prepares, before the program: its mounts first, for they take the privileges that go after. */
const prepare = `
set -e
root=$1 directory=$2 user=$3 group=$4
shift 4
mount --bind "$root" "$root"
mount -t tmpfs tmpfs "$root/dev"
touch "$root/dev/null" "$root/dev/urandom"
mount --bind /dev/null "$root/dev/null"
mount --bind /dev/urandom "$root/dev/urandom"
mount -o remount,ro "$root/dev"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs --clear-groups unshare --root "$root" --wd "$directory" --setgid "$group" --setuid "$user" -- "$@"
`

type Environment = Readonly<Record<string, string>>

function launch (root: string, { User, Env, WorkingDir }: ImageConfig, command: readonly string[], environment: Environment) {
  const [user, group] = User.split(':') as [string, string]
  return {
    program: 'unshare',
    args: ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', prepare, 'sh', root, WorkingDir, user, group, ...command],
    env: { ...Object.fromEntries(Env.map((entry) => entry.split(/=(.*)/s))), ...environment } as Record<string, string>,
  }
}

/** Runs a command in the image to its end. */
export function runInImage (root: string, config: ImageConfig, command: readonly string[], environment: Environment = {}) {
  const { program, args, env } = launch(root, config, command, environment)
  return spawnSync(program, args, { env, encoding: 'utf8' })
}

export class Container {
  readonly url: string
  output = ''
  readonly #outer: ChildProcess
  readonly #closed: Promise<unknown>

  /** Starts what the image starts. @param port - Where the service is expected. */
  constructor (root: string, config: ImageConfig, port: number, environment: Environment, args: readonly string[] = config.Cmd) {
    this.url = `http://127.0.0.1:${port}`
    const { program, args: launcher, env } = launch(root, config, [...config.Entrypoint, ...args], { HOST: '127.0.0.1', ...environment })
    this.#outer = spawn(program, launcher, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#outer.stdout!, this.#outer.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => { this.output += text })
    this.#closed = once(this.#outer, 'close')
  }

  /** Response of the service, requested until there is one: nothing else announces that it listens. */
  async firstAnswer (path: string, request?: RequestInit): Promise<Response> {
    for (;;) {
      try {
        return await fetch(`${this.url}${path}`, request)
      } catch (error) {
        if (this.#outer.exitCode !== null) throw new Error(`The container ended: ${this.output}`, { cause: error })
        await sleep(5)
      }
    }
  }

  async ready (): Promise<void> {
    while (!(await this.firstAnswer('/readyz')).ok) await sleep(20)
  }

  /** The container's process 1, as the host counts. */
  get initPid (): number {
    return onlyChild(this.#outer.pid!)
  }

  /** The service itself. */
  get servicePid (): number {
    return onlyChild(this.initPid)
  }

  /** @returns The container's exit code. */
  async end (signal: NodeJS.Signals): Promise<number | null> {
    if (this.#outer.exitCode === null) process.kill(this.initPid, signal)
    await this.#closed
    return this.#outer.exitCode
  }
}

export function readStatus (pid: number): Record<string, string> {
  return Object.fromEntries(readFileSync(`/proc/${pid}/status`, 'utf8').trim().split('\n').map((line) => line.split(/:\s*(.*)/s))) as Record<string, string>
}

/** Names of a process's threads. */
export function threadNames (pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => readFileSync(join(`/proc/${pid}/task`, thread, 'comm'), 'utf8').trim())
}

function onlyChild (pid: number): number {
  const path = `/proc/${pid}/task/${pid}/children`
  const [child, ...others] = existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ').filter((text) => text !== '') : []
  if (child === undefined || others.length > 0) throw new Error(`Expected process ${pid} to have one child, got ${others.length + (child === undefined ? 0 : 1)}.`)
  return Number(child)
}
