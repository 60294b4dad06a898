/** A kube-apiserver on an etcd of its own: judges documents as a cluster would, and runs nothing. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../loadtest/free-port.ts'
import { findDebianProgram } from './debian-program.ts'
import { findKubernetes } from './kubernetes-build.ts'

export interface Verdict { readonly accepted: boolean, readonly said: string }

const startTimeoutMs = 60_000

export class ApiServer {
  readonly #kubectl: string
  readonly #connection: readonly string[]
  readonly #stop: () => Promise<void>

  private constructor (kubectl: string, connection: readonly string[], stop: () => Promise<void>) {
    this.#kubectl = kubectl
    this.#connection = connection
    this.#stop = stop
  }

  /** @throws MissingTool where there is no etcd, or no Go to build the server with. */
  static async start (): Promise<ApiServer> {
    const etcd = findDebianProgram('etcd', 'etcd-server')
    const kubernetes = await findKubernetes()
    const folder = mkdtempSync(join(tmpdir(), 'ghostserve-apiserver-'))
    const children: ChildProcess[] = []
    const start = (program: string, args: readonly string[]): void => {
      children.push(spawn(program, args, { cwd: folder, stdio: 'ignore' }))
    }
    const stop = async (): Promise<void> => {
      for (const child of children.reverse()) { // the server before its store
        if (child.exitCode !== null || child.signalCode !== null) continue
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
      }
      rmSync(folder, { recursive: true })
    }

    const [clients, peers, port] = [await freePort(), await freePort(), await freePort()]
    const token = randomBytes(16).toString('hex')
    writeFileSync(join(folder, 'tokens.csv'), `${token},test,test,system:masters\n`)
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(join(folder, 'accounts.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }))
    start(etcd, [
      '--data-dir=etcd', `--listen-client-urls=http://127.0.0.1:${clients}`, `--advertise-client-urls=http://127.0.0.1:${clients}`,
      `--listen-peer-urls=http://127.0.0.1:${peers}`, `--initial-advertise-peer-urls=http://127.0.0.1:${peers}`, `--initial-cluster=default=http://127.0.0.1:${peers}`,
    ])
    start(join(kubernetes, 'kube-apiserver'), [
      `--etcd-servers=http://127.0.0.1:${clients}`, `--secure-port=${port}`, '--bind-address=127.0.0.1', '--cert-dir=certificates',
      '--service-account-issuer=https://ghostserve.invalid', '--service-account-key-file=accounts.key', '--service-account-signing-key-file=accounts.key',
      '--token-auth-file=tokens.csv', '--authorization-mode=RBAC', '--service-cluster-ip-range=10.0.0.0/24',
      // It would wait for a controller that makes tokens.
      '--disable-admission-plugins=ServiceAccount',
    ])
    const connection = [`--server=https://127.0.0.1:${port}`, `--token=${token}`, '--insecure-skip-tls-verify', '--kubeconfig=/dev/null', `--cache-dir=${folder}/kubectl`]
    const server = new ApiServer(join(kubernetes, 'kubectl'), connection, stop)
    for (const deadline = Date.now() + startTimeoutMs; !server.#ask(['get', '--raw', '/readyz']).accepted; await sleep(250)) {
      if (Date.now() < deadline && children.every(({ exitCode }) => exitCode === null)) continue
      await stop()
      throw new Error('Expected kube-apiserver to become ready, but it did not.')
    }
    return server
  }

  async stop (): Promise<void> {
    await this.#stop()
  }

  /** What `kubectl apply -k` would send. */
  render (folder: string): string {
    return execFileSync(this.#kubectl, ['kustomize', folder], { encoding: 'utf8' })
  }

  /** Keeps the file's documents. */
  create (file: string): void {
    this.#askOrThrow(['apply', '-f', file])
  }

  /** Keeps definitions of resources, and waits until documents of them are known. */
  establish (...files: readonly string[]): void {
    const named = files.flatMap((file) => ['-f', file])
    // On the client's side their annotation would be too long.
    this.#askOrThrow(['apply', '--server-side', ...named])
    this.#askOrThrow(['wait', '--for=condition=Established', '--timeout=30s', ...named])
  }

  /** Everything that a cluster checks before it stores documents. @param documents - YAML or JSON */
  judge (documents: string): Verdict {
    return this.#ask(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], documents)
  }

  #askOrThrow (args: readonly string[]): void {
    const { accepted, said } = this.#ask(args)
    if (!accepted) throw new Error(said)
  }

  #ask (args: readonly string[], input = ''): Verdict {
    const { status, stdout, stderr } = spawnSync(this.#kubectl, [...this.#connection, ...args], { input, encoding: 'utf8' })
    return { accepted: status === 0, said: `${stdout}${stderr}` }
  }
}
