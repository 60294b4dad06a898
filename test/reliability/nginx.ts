/** A real nginx in front of several instances, as an ordinary process with all of its files in a folder of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../loadtest/free-port.ts'
import { Connection } from './connection.ts'

export const withoutNginx = 'there is no nginx on this machine (apt-get install nginx-light)'

export function hasNginx (): boolean {
  return spawnSync('nginx', ['-v']).status === 0
}

/**
 * What nginx does with a request whose instance fails: `off` answers 502 and repeats nothing; `error`, its default, asks another
 * instance unless the request, which is no idempotent one, had already been sent.
 */
export type Retry = 'off' | 'error'

export class Nginx {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'ghostserve-nginx-'))
  readonly #retry: Retry
  #process: ChildProcess | undefined

  private constructor (port: number, retry: Retry) {
    this.port = port
    this.#retry = retry
  }

  static async start (instances: readonly number[], retry: Retry): Promise<Nginx> {
    const nginx = new Nginx(await freePort(), retry)
    nginx.#configure(instances)
    const folder = nginx.#folder
    nginx.#process = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', join(folder, 'error.log'), '-g', 'daemon off;'], { stdio: 'inherit' })
    for (;;) {
      const connection = await Connection.open(nginx)
      connection?.close()
      if (connection !== undefined) return nginx
      await sleep(20)
    }
  }

  /** From now on requests go to these instances; those that are under way are finished where they are. */
  routeTo (instances: readonly number[]): void {
    this.#configure(instances)
    this.#process!.kill('SIGHUP')
  }

  async stop (): Promise<void> {
    if (this.#process!.exitCode === null) {
      this.#process!.kill('SIGTERM')
      await once(this.#process!, 'exit')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #configure (instances: readonly number[]): void {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ')
    writeFileSync(join(this.#folder, 'nginx.conf'), `
      ${process.getuid?.() === 0 ? 'user root;' : ''}
      worker_processes 1;
      pid nginx.pid;
      events { worker_connections 1024; }
      http {
        access_log off;
        ${temporary}
        upstream instances {
          ${instances.map((port) => `server 127.0.0.1:${port} max_fails=0;`).join(' ')}
          keepalive 16;
        }
        server {
          listen 127.0.0.1:${this.port};
          client_max_body_size 32m;
          location / {
            proxy_pass http://instances;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_next_upstream ${this.#retry};
          }
        }
      }
    `)
  }
}
