/** Images and their names are gone with the response: nothing of them is on disk or in the log. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { readFixture } from '../fixtures/index.ts'
import { exchange } from '../hostile/exchange.ts'
import { ServerProcess } from '../server-process.ts'
import { filePart, form, upload } from '../hostile/wire.ts'

const photo = readFixture('exif-1.jpg')
const fileName = 'holiday-of-a-stranger.jpg'

/** Good ones, bad ones, one too large and one that is never finished. */
const requests: ReadonlyArray<readonly [Buffer, number | undefined]> = [
  [upload(photo), 200],
  [form(Array(16).fill(filePart(photo, 'image', fileName)) as Array<ReturnType<typeof filePart>>), 200],
  [form([filePart(photo.subarray(0, 5000), fileName, fileName)]), 422],
  [form([filePart(`${fileName} is no image`, 'image', fileName)]), 415],
  [form([filePart(Buffer.concat([photo, Buffer.alloc(11_000_000)]), 'image', fileName)]), 413],
  [form([filePart(photo, 'image', fileName)]).subarray(0, -2000), undefined],
]

async function sendAll (server: ServerProcess): Promise<void> {
  for (const [bytes, status] of requests) {
    const { answers } = await exchange(server.port, bytes, { end: status === undefined })
    if (status !== undefined) assert.deepEqual(answers.map((answer) => answer.status), [status])
  }
}

/** Whether `command` can be used here; where not, the test is skipped, and everyone hears of it. */
function canRun (t: TestContext, command: readonly [string, ...string[]]): boolean {
  const [name, ...args] = command
  const { status, error, stderr } = spawnSync(name, args, { encoding: 'utf8' })
  if (status === 0) return true
  const reason = `${name} cannot be used here (${error?.message ?? stderr.trim().split('\n', 1)[0] ?? ''}), so what the service writes was not checked`
  process.stderr.write(`!!! SKIPPED: ${reason}\n`)
  t.skip(reason)
  return false
}

/** Every system call that makes or changes a file, opens one, or calls someone. */
const watched = 'connect,open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,truncate,memfd_create'
const opensToRead = /\b(open|openat|openat2)\(/
const mayWrite = /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE/
const harmless = /"\/dev\/(null|urandom|shm\/sem\.)|"\/var\/run\/nscd\/socket"/ // nscd: names of users, for the C library

test('the service makes no file, opens none for writing and makes no calls, as strace sees it', async (t) => {
  if (!canRun(t, ['strace', '-f', '-o', '/dev/null', 'true'])) return
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-strace-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const trace = join(folder, 'trace')
  // -D: the server itself is our child, strace a child of its own that ends with it.
  const launcher = ['strace', '-D', '-f', '-qq', '-s', '200', '--seccomp-bpf', '-o', trace, '-e', `trace=${watched}`]
  const server = await ServerProcess.start({ LOG_LEVEL: 'trace' }, { launcher })
  t.after(() => server.stop())
  assert.match(readFileSync(trace, 'utf8'), opensToRead, 'strace sees the server')
  await sendAll(server)
  const writes = readFileSync(trace, 'utf8').split('\n')
    .filter((line) => /\d +\w+\(/.test(line) && (!opensToRead.test(line) || mayWrite.test(line)) && !harmless.test(line))
  assert.deepEqual(writes, [])
  assert.deepEqual(server.filesOpenForWriting(), [])
})

test('neither bytes nor names of images are in the log, whatever its level', async (t) => {
  const server = await ServerProcess.start({ LOG_LEVEL: 'trace' })
  t.after(() => server.stop())
  await sendAll(server)
  await server.line(({ code }) => code === 'image_too_large')
  const log = JSON.stringify(server.lines) + server.stderr
  assert.ok(log.includes('unsupported_media'))
  assert.ok(!log.includes('holiday'))
  const piece = photo.subarray(1000, 1012)
  for (const encoding of ['latin1', 'hex', 'base64'] as const) assert.ok(!log.includes(piece.toString(encoding)), encoding)
  assert.ok(!log.includes(String([...piece])), 'as numbers')
})

/** Makes all that this process sees read-only, for itself alone, and becomes the command that follows. */
const readOnly = ['unshare', '--mount', 'sh', '-c', [
  'for mount in $(awk \'$2 !~ "^/(proc|sys|dev)(/|$)" { print $2 }\' /proc/self/mounts); do mount -o remount,bind,ro "$mount" || exit 1; done',
  'if touch "$0" 2> /dev/null; then exit 1; fi',
  'exec "$@"',
].join('\n')] as const

test('serves where every file is read-only', async (t) => {
  const witness = mkdtempSync(join(tmpdir(), 'ghostserve-read-only-'))
  t.after(() => rmSync(witness, { recursive: true }))
  const wrapper: [string, ...string[]] = [...readOnly, join(witness, 'file')]
  if (!canRun(t, [...wrapper, 'true'])) return
  const server = await ServerProcess.start({}, { launcher: wrapper })
  t.after(() => server.stop())
  await sendAll(server)
})
