/**
 * Runs the commands of one page: in a folder that looks like a clone, so that what they write is gone afterwards, and the service
 * that they start, on a free port instead of 8080.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { packageRoot } from '../../models/package-root.ts'

const documentedAddress = 'localhost:8080'
const commandTimeoutMs = 120_000

export class PageShell {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ghostserve-page-'))
  #service: ChildProcess | undefined
  #address = documentedAddress
  readonly #addresses: ReadonlyArray<readonly [string, string]>

  /**
   * @param files - What the page takes for the reader's own: path in the folder -> path, of one in the package from its root.
   * @param addresses - Where the page's other services are: as it writes them -> as they are.
   */
  constructor (files: Readonly<Record<string, string>> = {}, addresses: Readonly<Record<string, string>> = {}) {
    this.#addresses = Object.entries(addresses)
    for (const entry of readdirSync(packageRoot)) {
      if (!entry.startsWith('.git')) symlinkSync(join(packageRoot, entry), join(this.#folder, entry))
    }
    for (const [path, source] of Object.entries(files)) {
      mkdirSync(dirname(join(this.#folder, path)), { recursive: true })
      symlinkSync(resolve(packageRoot, source), join(this.#folder, path))
    }
  }

  /**
   * What a block prints. One that ends in `npm start` leaves the service running, and ends an earlier one.
   *
   * @throws Error if it fails.
   */
  async run (documented: string): Promise<string> {
    const code = this.#addresses.reduce((code, [from, to]) => code.replaceAll(from, to), documented)
    if (/\bnpm start$/.test(code)) {
      await this.#start(code)
      return ''
    }
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', code.replaceAll(documentedAddress, this.#address)], {
      cwd: this.#folder, env: this.#environment(), timeout: commandTimeoutMs,
    })
    return stdout
  }

  async close (): Promise<void> {
    await this.#stop()
    rmSync(this.#folder, { recursive: true })
  }

  async #start (code: string): Promise<void> {
    await this.#stop()
    const service = spawn('bash', ['-euo', 'pipefail', '-c', code], {
      cwd: this.#folder, env: { ...this.#environment(), HOST: '127.0.0.1', PORT: '0' }, detached: true, stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#service = service
    for await (const line of createInterface({ input: service.stdout })) {
      const url = /Server listening at http:\/\/([^"]+)/.exec(line)?.[1]
      if (url !== undefined) this.#address = url
      if (line.includes('"msg":"ready"')) break
    }
    if (this.#address === documentedAddress) throw new Error('Expected the service to start, but it ended.')
    service.stdout.resume()
  }

  async #stop (): Promise<void> {
    const { pid, exitCode, signalCode } = this.#service ?? {}
    this.#address = documentedAddress
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const ended = once(this.#service!, 'close')
    process.kill(-pid, 'SIGINT') // its whole group, as Ctrl-C does: npm's own shell among them
    await ended
  }

  /** Environment without npm's variables, by which the service would follow npm as its parent. */
  #environment (): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_TEST_|NODE_OPTIONS$)/.test(name))
    return { ...Object.fromEntries(own), MODEL_DIR: join(this.#folder, 'model-store'), NPM_CONFIG_UPDATE_NOTIFIER: 'false' }
  }
}
