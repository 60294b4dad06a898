/** Images made and opened by buildah, which needs no daemon, in a store of its own that goes when the tests have ended. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'

/** The part of an image's configuration that says how it runs. */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly WorkingDir: string
  readonly Labels: Readonly<Record<string, string>>
  readonly ExposedPorts: Readonly<Record<string, object>>
  readonly Healthcheck: { readonly Test: readonly string[] }
}

export interface Image {
  readonly config: ImageConfig
  /** Digests of its layers, unpacked. */
  readonly layers: readonly string[]
  /** Size of all layers, unpacked. */
  readonly bytes: number
}

interface Build { readonly file: string, readonly context: string, readonly target: string, readonly options?: readonly string[] }

export class Buildah {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ghostserve-images-'))

  /** Runs a command of buildah's and returns what it prints. */
  run (command: string, ...args: string[]): string {
    const storage = ['--root', join(this.#folder, 'storage'), '--runroot', join(this.#folder, 'run')]
    return runProgram('buildah', [...storage, command, ...args])
  }

  /** Without a container engine a build's commands run in a chroot; without a fixed time no image would be made twice. */
  build (name: string, { file, context, target, options = [] }: Build): void {
    this.run('build', '--quiet', '--isolation', 'chroot', '--pull-never', '--timestamp', '0', '--file', file, '--target', target, '--tag', name, ...options, context)
  }

  /** A target of the Dockerfile, in Docker's format: the other one has no place for a health check. */
  buildTarget (target: 'cpu' | 'gpu', name: string, options: readonly string[]): void {
    const certificates = process.env['NODE_EXTRA_CA_CERTS']
    const secrets = certificates === undefined ? [] : ['--secret', `id=certificates,src=${certificates}`]
    this.build(name, { file: 'Dockerfile', context: packageRoot, target, options: ['--format', 'docker', ...secrets, ...options] })
  }

  inspect (name: string): Image {
    const { Docker, Manifest } = JSON.parse(this.run('inspect', '--type', 'image', name)) as {
      Docker: { config: ImageConfig, rootfs: { diff_ids: string[] } }
      Manifest: string
    }
    const { layers } = JSON.parse(Manifest) as { layers: Array<{ size: number }> }
    return { config: Docker.config, layers: Docker.rootfs.diff_ids, bytes: layers.reduce((sum, { size }) => sum + size, 0) }
  }

  /** The image's files, as a container would see them. */
  mount (name: string): string {
    return this.run('mount', this.run('from', '--pull-never', name))
  }

  remove (): void {
    this.run('rm', '--all')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** @throws Error with what the program said last, if it fails. */
export function runProgram (program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: packageRoot, encoding: 'utf8', env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024,
  })
  if (status === 0) return stdout.trim()
  throw new Error(`Expected ${program} ${args.join(' ')} to succeed, got ${error?.message ?? `exit code ${status}`}:\n${stderr?.slice(-4000)}`)
}
