import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { packageRoot } from '../../../models/package-root.ts'

interface Lock { include (pid: number): void, release (): void }

const modulePath = join(packageRoot, 'api/bootstrap/lock.cjs')
const require = createRequire(import.meta.url)
type AcquireLock = (path: string, say: (sentence: string) => void) => Promise<Lock>
const { acquireLock }: { acquireLock: AcquireLock } = require(modulePath)
const { readStartTime }: { readStartTime: (pid: number) => string | null } = require(join(packageRoot, 'api/bootstrap/process-table.cjs'))

const sayNothing = () => {}

function createLockPath (t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-lock-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'lock')
}

/** What a process leaves that was killed while it held the lock; another has its pid now. */
function writeDeadLock (path: string): void {
  writeFileSync(path, JSON.stringify({ nonce: 'dead', processes: [{ pid: process.pid, started: 'before the last boot' }] }))
}

test('a lock is held by one at a time and its file is gone after the last', async (t) => {
  const path = createLockPath(t)
  const order: string[] = []
  const first = await acquireLock(path, sayNothing)
  const second = acquireLock(path, sayNothing).then((lock) => {
    order.push('second holds')
    return lock
  })
  await new Promise((resolve) => setTimeout(resolve, 150))
  order.push('first releases')
  first.release()
  const lock = await second
  lock.release()
  assert.deepEqual(order, ['first releases', 'second holds'])
  assert.ok(!existsSync(path))
})

test('the lock of a dead process is taken over although another process has its pid', async (t) => {
  const path = createLockPath(t)
  writeDeadLock(path)
  const lock = await acquireLock(path, sayNothing)
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).processes[0].pid, process.pid)
  lock.release()
})

test('a process that finds a dead lock which a faster one then replaces leaves that new lock alone', async (t) => {
  const path = createLockPath(t)
  writeDeadLock(path)
  let isReplaced = false
  const readFile = fs.readFileSync
  t.mock.method(fs, 'readFileSync', (file: string, encoding: 'utf8') => {
    const content = readFile(file, encoding)
    if (file === path && !isReplaced) {
      isReplaced = true
      writeFileSync(path, JSON.stringify({ nonce: 'faster', processes: [{ pid: process.pid, started: readStartTime(process.pid) }] }))
    }
    return content
  })
  const slower = acquireLock(path, sayNothing)
  assert.ok(isReplaced)
  assert.equal(JSON.parse(readFile(path, 'utf8')).nonce, 'faster')
  rmSync(path)
  const lock = await slower
  lock.release()
})

test('processes that find a dead lock at once still hold it one at a time', async (t) => {
  const path = createLockPath(t)
  const rounds = Array.from({ length: 8 }, (_, round) => `${path}.${round}`)
  rounds.forEach(writeDeadLock)
  const source = `
    const { appendFileSync } = require('node:fs')
    const { acquireLock } = require(${JSON.stringify(modulePath)})
    const holdOnce = async (path) => {
      const lock = await acquireLock(path, () => {})
      appendFileSync(path + '.journal', 'in ' + process.pid + '\\n')
      const endMs = performance.now() + 5
      while (performance.now() < endMs) {}
      appendFileSync(path + '.journal', 'out ' + process.pid + '\\n')
      lock.release()
    }
    process.stdin.once('data', (paths) => {
      process.stdin.destroy()
      Promise.all(JSON.parse(paths).map(holdOnce))
    })
    console.log('waiting')`
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, ['-e', source], { stdio: ['pipe', 'pipe', 'inherit'] }))
  await Promise.all(children.map(({ stdout }) => once(stdout, 'data')))
  for (const { stdin } of children) stdin.write(JSON.stringify(rounds))
  const exits = await Promise.all(children.map((child) => once(child, 'exit')))
  assert.deepEqual(exits.map(([code]) => code), [0, 0, 0, 0])

  for (const round of rounds) {
    const events = readFileSync(`${round}.journal`, 'utf8').trim().split('\n')
    assert.equal(events.length, 8)
    for (let i = 0; i < events.length; i += 2) assert.equal(events[i + 1], events[i]?.replace('in', 'out'))
    assert.ok(!existsSync(round))
  }
})
