/** A kube-apiserver on an etcd of its own: judges documents as a cluster would. By itself it runs nothing. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../loadtest/free-port.ts'
import { findDebianProgram } from './debian-program.ts'
import { findKubernetes } from './kubernetes-build.ts'

export interface Verdict { readonly accepted: boolean, readonly said: string }

const startTimeoutMs = 60_000

export class ApiServer {
  /** The folder of the programs of the control plane, kubectl among them. */
  readonly programs: string
  /** Folder of its files; callers may put their own there. */
  readonly folder: string
  readonly kubeconfig: string
  readonly #children: ChildProcess[] = []
  #isStopping = false

  private constructor (programs: string) {
    this.programs = programs
    this.folder = mkdtempSync(join(tmpdir(), 'ghostserve-apiserver-'))
    this.kubeconfig = join(this.folder, 'kubeconfig')
  }

  /** @throws MissingTool where there is no etcd, or no Go to build the server with. */
  static async start (): Promise<ApiServer> {
    const etcd = findDebianProgram('etcd', 'etcd-server')
    const server = new ApiServer(await findKubernetes())
    const { folder } = server
    const [clients, peers, port] = [await freePort(), await freePort(), await freePort()]
    const token = randomBytes(16).toString('hex')
    writeFileSync(join(folder, 'tokens.csv'), `${token},test,test,system:masters\n`)
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(join(folder, 'accounts.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }))
    server.run(etcd, [
      '--data-dir=etcd', `--listen-client-urls=http://127.0.0.1:${clients}`, `--advertise-client-urls=http://127.0.0.1:${clients}`,
      `--listen-peer-urls=http://127.0.0.1:${peers}`, `--initial-advertise-peer-urls=http://127.0.0.1:${peers}`, `--initial-cluster=default=http://127.0.0.1:${peers}`,
    ])
    server.run(join(server.programs, 'kube-apiserver'), [
      `--etcd-servers=http://127.0.0.1:${clients}`, `--secure-port=${port}`, '--bind-address=127.0.0.1', '--cert-dir=certificates',
      '--service-account-issuer=https://ghostserve.invalid', '--service-account-key-file=accounts.key', '--service-account-signing-key-file=accounts.key',
      '--token-auth-file=tokens.csv', '--authorization-mode=RBAC', '--service-cluster-ip-range=10.0.0.0/24',
      // It would wait for a controller that makes tokens.
      '--disable-admission-plugins=ServiceAccount',
      // Debian's etcd is too old for it: events would come in bursts, half a minute late.
      '--watch-cache=false',
      '--kubelet-preferred-address-types=InternalIP',
    ])
    writeFileSync(server.kubeconfig, JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    }))
    for (const deadline = Date.now() + startTimeoutMs; !server.#ask(['get', '--raw', '/readyz']).accepted; await sleep(250)) {
      if (Date.now() < deadline && server.#children.every(({ exitCode }) => exitCode === null)) continue
      await server.stop()
      throw new Error('Expected kube-apiserver to become ready, but it did not.')
    }
    return server
  }

  /** Starts a program that belongs to it and ends with it, in its folder; its output is reported if it ends too early. */
  run (program: string, args: readonly string[]): void {
    const child = spawn(program, args, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => { said = `${said}${text}`.slice(-2000) })
    child.once('exit', (code, signal) => {
      if (!this.#isStopping) console.error(`${basename(program)} ended with ${code ?? signal}: ${said}`)
    })
    this.#children.push(child)
  }

  async stop (): Promise<void> {
    this.#isStopping = true
    for (const child of this.#children.reverse()) { // the server before its store
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    rmSync(this.folder, { recursive: true })
  }

  /** What `kubectl apply -k` would send. */
  render (folder: string): string {
    return execFileSync(join(this.programs, 'kubectl'), ['kustomize', folder], { encoding: 'utf8' })
  }

  /** Keeps documents, as YAML or JSON. */
  create (documents: string): void {
    this.#askOrThrow(['apply', '-f', '-'], documents)
  }

  /**
   * Returns once it is gone.
   *
   * @param name - With its kind: `namespace/ghostserve`
   */
  delete (name: string): void {
    this.#askOrThrow(['delete', name, '--timeout=60s'])
  }

  /** Keeps the files' definitions of resources, and waits until documents of them are known. */
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

  #askOrThrow (args: readonly string[], input?: string): void {
    const { accepted, said } = this.#ask(args, input)
    if (!accepted) throw new Error(said)
  }

  #ask (args: readonly string[], input = ''): Verdict {
    const connection = [`--kubeconfig=${this.kubeconfig}`, `--cache-dir=${this.folder}/kubectl`]
    const { status, stdout, stderr } = spawnSync(join(this.programs, 'kubectl'), [...connection, ...args], { input, encoding: 'utf8' })
    return { accepted: status === 0, said: `${stdout}${stderr}` }
  }
}
