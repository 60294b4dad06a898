/** Sends each case to one server, and checks its response for what holds of all responses. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readFixture } from '../fixtures/index.ts'
import { rows } from './catalogue.ts'
import { exchange, type Answer } from './exchange.ts'
import { describeAnswer, firstLabel, type HostileCase, type HostileScenario } from './hostile-case.ts'
import { ServerProcess } from '../server-process.ts'
import { request, upload } from './wire.ts'

/** Time from the first byte to the response; on a busy machine, processor time of the server. */
const answerWithinMs = 1000

/** One test per row. */
export function checkCases (
  cases: readonly HostileCase[], growthMiB: number, environment: Readonly<Record<string, string>> = {}
): void {
  checkAgainst(environment, growthMiB, (server) => {
    for (const row of new Set(cases.map(({ row }) => row))) {
      test(`row ${row}: ${rows[row]}`, async (t) => {
        for (const each of cases.filter((each) => each.row === row)) {
          await t.test(`${each.input}: ${describeAnswer(each)}`, async () => await checkCase(each, server()))
        }
      })
    }
  })
}

interface ScenarioOptions {
  readonly environment: Readonly<Record<string, string>>
  readonly growthMiB: number
  readonly concurrency: boolean
}

export function checkScenarios (
  scenarios: readonly HostileScenario[], { environment, growthMiB, concurrency }: ScenarioOptions
): void {
  checkAgainst(environment, growthMiB, (server) => {
    suite('a server meets', { concurrency }, () => {
      for (const { row, input, answer, run } of scenarios) {
        test(`row ${row}: ${rows[row]}: ${input}: ${answer}`, async () => {
          await run(server())
          await assertServes(server())
        })
      }
    })
  })
}

/** A server for all tests of a file. It must outlive them, idle in the end and about as large as it was when warm. */
function checkAgainst (
  environment: Readonly<Record<string, string>>, growthMiB: number, addTests: (server: () => ServerProcess) => void
): void {
  let server: ServerProcess
  let warmMiB: number | undefined
  let idleDescriptors: number | undefined

  before(async () => {
    server = await ServerProcess.start(environment)
    for (let i = 0; i < 20; i++) await assertServes(server)
    warmMiB = server.residentMiB()
    idleDescriptors = server.descriptors()
  })
  addTests(() => server)
  test('afterwards the server is as it was: alive, without one internal error, no larger, with no descriptor more', async (t) => {
    await assertServes(server)
    assert.equal(server.stderr, '')
    assert.deepEqual(server.lines.filter(({ level, status }) => level >= 50 || status === 500), [])
    assert.doesNotMatch(server.lines.map((line) => JSON.stringify(line)).join('\n'), /canary|198\.51\.100/)
    if (warmMiB === undefined || idleDescriptors === undefined) return
    await settles(() => server.descriptors()! <= idleDescriptors!, () => `${server.descriptors()} descriptors, ${idleDescriptors} before`)
    await settles(() => server.residentMiB()! - warmMiB! < growthMiB, () => `${server.residentMiB()} MiB, ${warmMiB} before`)
    t.diagnostic(`resident memory ${Math.round(warmMiB)} MiB warm, ${Math.round(server.residentMiB()!)} MiB afterwards; at most ${growthMiB} more`)
  })
  after(() => server.stop())
}

/** The server answers a photo of a cat, now. */
export async function assertServes (server: ServerProcess): Promise<void> {
  const { answers: [answer] } = await exchange(server.port, upload(readFixture('exif-1.jpg')))
  assert.equal(answer?.status, 200, `the next good request: ${answer?.body}`)
  assert.equal(firstLabel(answer), 'Egyptian cat')
}

async function checkCase ({ wire, status, code, check }: HostileCase, server: ServerProcess): Promise<void> {
  const bytes = await wire()
  const rejectionsBefore = await countRejections(server, code)
  const processorMsBefore = server.processorMs()
  const { answers, isClosed, durationMs } = await exchange(server.port, bytes)
  const spentMs = Math.min(durationMs, server.processorMs() - processorMsBefore || durationMs)
  assert.ok(isClosed, 'the connection stayed open')
  assert.deepEqual(answers.map(({ status }) => status), status === 'closed' ? [] : [status], answers[0]?.body)
  for (const answer of answers) {
    assertSpeaksOurLanguage(answer, code)
    check?.(answer)
  }
  assert.ok(spentMs <= answerWithinMs, `took ${Math.round(durationMs)} ms, ${Math.round(spentMs)} of them on a processor`)
  assert.ok(server.isAlive)
  await assertServes(server)
  if (code === undefined) return
  let rejections = rejectionsBefore
  // A request is counted when its response is out.
  for (let i = 0; i < 50 && rejections === rejectionsBefore; i++) rejections = await countRejections(server, code)
  assert.ok(rejections > rejectionsBefore, `ghostserve_rejections_total{code="${code}"} stayed at ${rejectionsBefore}`)
}

async function countRejections (server: ServerProcess, code = ''): Promise<number> {
  const { answers: [answer] } = await exchange(server.port, request({ method: 'GET', target: '/metrics' }))
  return Number(new RegExp(`^ghostserve_rejections_total\\{code="${code}"\\} (\\d+)$`, 'm').exec(answer!.body)?.[1])
}

const foreignWords = /vips|libspng|libpng|libjpeg|sharp|busboy|fastify|FST_|HPE_|ERR_|node_modules|\.[jt]s:\d| {4}at |root:x:0/i

/** A problem with its code, and nothing of what happened inside; or a result; or Node's bare status. */
function assertSpeaksOurLanguage ({ status, headers, body }: Answer, code: string | undefined): void {
  if (code === undefined) {
    assert.equal(headers.get('content-type'), status === 200 ? 'application/json; charset=utf-8' : undefined)
    return
  }
  assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8')
  const problem = JSON.parse(body) as Record<string, unknown>
  assert.equal(problem['code'], code)
  assert.equal(problem['status'], status)
  assert.equal(problem['type'], `urn:ghostserve:problem:${code}`)
  assert.match(String(problem['detail']), /^[A-Z].{10,}\.$/s)
  assert.match(String(problem['requestId']), /^[\w.:-]{1,128}$/)
  assert.doesNotMatch(body, foreignWords)
}

/** Waits for what only happens after a while, such as memory that goes back to the system. */
async function settles (holds: () => boolean, describe: () => string): Promise<void> {
  for (let i = 0; i < 50 && !holds(); i++) await delay(100)
  assert.ok(holds(), describe())
}
