/**
 * `npm run test:schemathesis`: requests made from /openapi.json, good ones with real images and bad ones, against the real service;
 * each response must be one that the contract has. Once as it is by default, once with API keys.
 *
 * Needs Python 3.10 or newer. Schemathesis is kept in the user's cache directory, by the digest of its requirements.
 */
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import { pythonEnvironment } from '../python-environment.ts'
import { ServerProcess } from '../server-process.ts'

const folder = join(packageRoot, 'test/schemathesis')

/** Fewer images than this that were classified, and the run has tested rejections only. */
const fewestClassified = 20

function run (command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): void {
  // Schemathesis keeps notes of its failures where it runs.
  const { status, error } = spawnSync(command, args, { cwd: temporary, stdio: 'inherit', env: { ...process.env, ...environment } })
  if (status !== 0) throw new Error(`Expected ${command} ${args[0]} to succeed, got ${error?.message ?? `status ${status}`}.`)
}

/** How many requests to /classify had each status, by the service's own count. */
async function countAnswers (port: number): Promise<Map<number, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const counts = text.matchAll(/^ghostserve_request_duration_seconds_count\{route="\/classify",method="POST",status="(\d+)"\} (\d+)$/gm)
  return new Map([...counts].map(([, status, count]) => [Number(status), Number(count)]))
}

async function check (schemathesis: string, key: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const server = await ServerProcess.start(environment)
  try {
    run(schemathesis, ['--config-file', join(folder, 'schemathesis.toml'), 'run', `http://127.0.0.1:${server.port}/openapi.json`, '--no-color'],
      { PYTHONPATH: folder, SCHEMATHESIS_HOOKS: 'hooks', PYTHONDONTWRITEBYTECODE: '1', SCHEMATHESIS_KEY: key })
    const answers = await countAnswers(server.port)
    console.log('POST /classify:', [...answers].sort(([a], [b]) => a - b).map(([status, count]) => `${count} times ${status}`).join(', '))
    if ((answers.get(200) ?? 0) < fewestClassified) throw new Error(`Expected at least ${fewestClassified} classified requests, got ${answers.get(200) ?? 0}.`)
    const fault = server.lines.find((line) => line.level >= 50 || JSON.stringify(line).includes(key))
    if (fault !== undefined) throw new Error(`Expected a log without errors and keys, got ${JSON.stringify(fault)}.`)
  } finally {
    await server.stop()
  }
}

const temporary = mkdtempSync(join(tmpdir(), 'ghostserve-schemathesis-'))
try {
  const schemathesis = join(pythonEnvironment('schemathesis', join(folder, 'requirements.txt')), 'st')
  const key = randomBytes(32).toString('base64url')
  const keysFile = join(temporary, 'keys.txt')
  writeFileSync(keysFile, `schemathesis ${createHash('sha256').update(key).digest('hex')}\n`)
  await check(schemathesis, key, {})
  await check(schemathesis, key, { API_KEYS_FILE: keysFile })
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
} finally {
  rmSync(temporary, { recursive: true })
}
