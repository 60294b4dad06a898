// A tiny clone for the bootstrap to prepare and start: the real bootstrap, a server of few lines, and TypeScript from this repository.
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../models/package-root.ts'

const serverSource = `
import { createServer } from 'node:http'
const server = createServer((request, response) => response.end('ok'))
server.listen(0, '127.0.0.1', () => console.log('ready ' + JSON.stringify({
  pid: process.pid, threads: process.env.UV_THREADPOOL_SIZE,
})))
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    console.log('got ' + signal)
    // Long enough for npm's echo of the signal to arrive.
    setTimeout(() => process.exit(0), 300)
  })
}
`

/** Each bundle of one module. */
const bundlerSource = `
import { cpSync } from 'node:fs'
for (const [from, to] of [['server', 'server'], ['cli/main', 'cli']]) {
  cpSync(new URL('../' + from + '.js', import.meta.url), new URL('../../bundle/' + to + '.js', import.meta.url))
}
`

function listSources (): Record<string, string> {
  return {
    'tsconfig.json': JSON.stringify({
      include: ['api'],
      compilerOptions: { module: 'NodeNext', target: 'ES2023', rootDir: '.', outDir: 'dist', noCheck: true, noEmitOnError: true, types: [] },
    }),
    'tsconfig.build.json': JSON.stringify({ extends: './tsconfig.json', include: ['api'] }),
    '.npmrc': 'ignore-scripts=true\nupdate-notifier=false\n',
    'api/server.ts': serverSource,
    'api/cli/main.ts': 'console.log(JSON.stringify(process.argv.slice(2)))\n',
    'api/bootstrap/bundle-modules.ts': bundlerSource,
    'api/bootstrap/prepare-bundled.ts': '',
  }
}

/** A child process and every line that it has printed. */
export class Started {
  readonly process: ChildProcess
  readonly lines: string[] = []
  #watchers: (() => void)[] = []
  #exited: Promise<unknown>

  constructor (process: ChildProcess) {
    this.process = process
    this.#exited = once(process, 'close')
    for (const stream of [process.stdout, process.stderr]) {
      if (stream === null) continue
      createInterface(stream).on('line', (line) => {
        this.lines.push(line)
        for (const watcher of this.#watchers) watcher()
      })
    }
    process.once('close', () => { for (const watcher of this.#watchers) watcher() })
  }

  get pid (): number {
    if (this.process.pid === undefined) throw new Error('The process did not start.')
    return this.process.pid
  }

  get text (): string {
    return this.lines.join('\n')
  }

  /** The rest of the first line that starts with `prefix`, once it is there. */
  async waitFor (prefix: string): Promise<string> {
    for (;;) {
      const line = this.lines.find((candidate) => candidate.startsWith(prefix))
      if (line !== undefined) return line.slice(prefix.length)
      if (this.process.exitCode !== null) throw new Error(`The process ended before it said "${prefix}":\n${this.text}`)
      await new Promise<void>((resolve) => { this.#watchers.push(resolve) })
    }
  }

  async waitForExit (): Promise<number | NodeJS.Signals | null> {
    await this.#exited
    return this.process.signalCode ?? this.process.exitCode
  }

  kill (signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }

  /** Signals the whole process group, as the terminal does on Ctrl-C. */
  killGroup (signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }
}

/** Pids of the living processes in the group that `leader` led; a zombie is dead. */
export function listGroup (leader: number): number[] {
  const table = process.platform === 'linux'
    ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
        const [state, , group] = status.slice(status.lastIndexOf(')') + 2).split(' ')
        return [[pid, group, state]]
      } catch {
        return []
      }
    })
    : spawnSync('ps', ['-A', '-o', 'pid=,pgid=,stat='], { encoding: 'utf8' }).stdout.trim().split('\n').map((row) => row.trim().split(/\s+/))
  return table.filter(([, group, state]) => Number(group) === leader && !state?.startsWith('Z')).map(([pid]) => Number(pid))
}

/** Whatever runs what it is given at its end: a test, or node:test's hooks. */
export interface Owner { after (release: () => void): void }

export class StubProject {
  readonly folder: string

  constructor (owner: Owner, source?: StubProject) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'ghostserve-stub-')))
    owner.after(() => rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 }))
    if (source !== undefined) {
      cpSync(source.folder, this.folder, { recursive: true, verbatimSymlinks: true })
      return
    }
    cpSync(join(packageRoot, 'api/bootstrap.cjs'), join(this.folder, 'api/bootstrap.cjs'))
    cpSync(join(packageRoot, 'api/bootstrap'), join(this.folder, 'api/bootstrap'), { recursive: true, filter: (path) => !path.endsWith('.ts') })
    for (const [path, content] of Object.entries(listSources())) this.write(path, content)
    this.#writeManifests()
  }

  /** TypeScript is installed from the lock file as any dependency is, but from this repository, so that no network is needed. */
  #writeManifests (): void {
    const target = relative(this.folder, join(packageRoot, 'node_modules/typescript'))
    const devDependencies = { typescript: `file:${target}` }
    const name = { name: 'stub', version: '1.0.0' }
    const scripts = { start: 'exec node api/bootstrap.cjs serve' }
    this.write('package.json', JSON.stringify({ ...name, type: 'module', scripts, devDependencies }))
    this.write('package-lock.json', JSON.stringify({
      ...name,
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { ...name, devDependencies },
        [target]: { version: '0.0.0', dev: true },
        'node_modules/typescript': { resolved: target, link: true },
      },
    }))
  }

  path (...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  read (path: string): string {
    return readFileSync(this.path(path), 'utf8')
  }

  write (path: string, content: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true })
    writeFileSync(this.path(path), content)
  }

  /** Starts `command` as the leader of its own process group, without what the test runner and its npm left in the environment. */
  start (owner: Owner, command: string, args: string[], env: NodeJS.ProcessEnv = {}): Started {
    const clean = Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_TEST_CONTEXT$|^NODE_OPTIONS$|^UV_THREADPOOL_SIZE$/i.test(name))
    const child = spawn(command, args, {
      cwd: this.folder, env: { ...Object.fromEntries(clean), ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true,
    })
    const started = new Started(child)
    owner.after(() => { for (const pid of listGroup(started.pid)) process.kill(pid, 'SIGKILL') })
    return started
  }

  bootstrap (owner: Owner, args: string[], env: NodeJS.ProcessEnv = {}): Started {
    return this.start(owner, process.execPath, [this.path('api/bootstrap.cjs'), ...args], env)
  }
}
