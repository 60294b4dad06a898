/** A real Prometheus that scrapes one address and evaluates the rules. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../loadtest/free-port.ts'
import { infraFolder } from '../infra-files.ts'
import { findDebianProgram } from './debian-program.ts'

export interface Series { readonly metric: Readonly<Record<string, string>>, readonly value: readonly [time: number, value: string] }
export interface Rule { readonly name: string, readonly health: string, readonly lastError?: string }

const startTimeoutMs = 30_000

export class PrometheusServer {
  readonly #url: string

  private constructor (url: string) {
    this.#url = url
  }

  /** @param labels - Of the target, as a cluster's discovery would add. */
  static async start (t: TestContext, target: string, labels: Readonly<Record<string, string>>): Promise<PrometheusServer> {
    const program = findDebianProgram('prometheus', 'prometheus')
    const folder = mkdtempSync(join(tmpdir(), 'ghostserve-prometheus-'))
    const port = await freePort()
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(infraFolder, 'observability/rules.yml')],
      scrape_configs: [{ job_name: 'ghostserve', static_configs: [{ targets: [target], labels }] }],
    }
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config)) // which is YAML
    const child = spawn(program, [
      `--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error',
    ], { stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = once(child, 'exit')
    t.after(async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true })
    })
    const server = new PrometheusServer(`http://127.0.0.1:${port}`)
    for (const deadline = Date.now() + startTimeoutMs; !await server.#isReady(); await sleep(100)) {
      if (Date.now() > deadline || child.exitCode !== null) throw new Error('Expected Prometheus to become ready, but it did not.')
    }
    return server
  }

  /** @throws Error with Prometheus's own words for an expression that it cannot evaluate. */
  async query (expression: string): Promise<readonly Series[]> {
    const { result } = await this.#get<{ result: Series[] }>(`query?${new URLSearchParams({ query: expression })}`)
    return result
  }

  async rules (): Promise<readonly Rule[]> {
    const { groups } = await this.#get<{ groups: Array<{ rules: Rule[] }> }>('rules')
    return groups.flatMap(({ rules }) => rules)
  }

  async #get<Data> (path: string): Promise<Data> {
    const answer = await (await fetch(`${this.#url}/api/v1/${path}`)).json() as { data?: Data, error?: string }
    if (answer.data === undefined) throw new Error(`Prometheus says: ${answer.error}`)
    return answer.data
  }

  async #isReady (): Promise<boolean> {
    return await fetch(`${this.#url}/-/ready`).then(({ ok }) => ok, () => false)
  }
}
