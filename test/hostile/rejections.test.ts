/**
 * Every rejection, whatever the client does meanwhile: the process keeps running, and what a client could read is what the log and the
 * metrics say. Each code x kind and length of body x behaviour, over raw sockets against the real process.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCodes, type ErrorCode } from '../../api/errors.ts'
import type { LogLine } from '../server-process.ts'
import { mapInOrder } from '../../api/cli/map-in-order.ts'
import { behaviours, begin, goOn, type Behaviour, type Conversation } from './rejections/behaviours.ts'
import { makeRejections } from './rejections/rejection.ts'
import { openServer, serverNames } from './rejections/servers.ts'

const atOnce = 48
const clientGone = 499
/** Codes caused by the behaviour of a client, whatever its request is rejected for otherwise. */
const ownDoing: Record<Behaviour, readonly ErrorCode[]> = {
  'leaves at once': ['invalid_request'],
  'leaves after the response': [],
  'stays silent past the deadline': ['request_timeout', 'deadline_exceeded'],
  'keeps sending': ['invalid_request', 'corrupt_image', 'malformed_json', 'malformed_multipart'],
  'half-closes': ['invalid_request'],
  'stays while the service shuts down': ['shutting_down'],
}

/** An image may be run before the service ends, be decoded by a fast processor, and be whole in the end. */
const mayBeInTime = /shuts down|^decode_timeout|^request_timeout.*keeps sending/

const rejections = await makeRejections()
let cases = 0

suite('a client that is rejected', () => {
  for (const name of serverNames) {
    const ofServer = rejections.filter(({ server }) => server === name)
    const passing = ofServer.flatMap((rejection) => behaviours.slice(0, -1).map((behaviour) => ({ rejection, behaviour })))
    const isDraining = name === 'draining'
    cases += passing.length + (isDraining ? 0 : ofServer.length)

    test(`by a service with "${name}": ${passing.length} cases`, { timeout: 120_000 }, async (t) => {
      const { server, close } = await openServer(name)
      t.after(close)
      const told: Told[] = []
      const tell = async ({ rejection, behaviour }: typeof passing[number], index: number): Promise<Told> => {
        const requestId = `${name.replaceAll(' ', '-')}-${index}`
        const conversation = await begin(server.port, requestId, rejection, behaviour)
        await goOn(conversation, behaviour, index)
        const { kind, length, code } = rejection
        return { requestId, conversation, expected: [code, ...ownDoing[behaviour]], what: `${code}, ${kind} ${length}, ${behaviour}` }
      }
      for await (const each of mapInOrder([...passing.entries()], atOnce, async ([index, each]) => await tell(each, index))) told.push(each)
      assert.ok(server.isAlive, server.stderr)
      assert.equal((await fetch(`${server.url}/livez`)).status, 200)
      await sleep(300) // lines are written together
      check(told, server.lines)
      assert.equal(server.stderr, '')
      for (const code of errorCodes) {
        assert.equal(await server.metric(`ghostserve_rejections_total\\{code="${code}"\\}`), countCode(server.lines, code), `rejections of ${code} in the metrics`)
      }
    })

    if (isDraining) continue
    test(`by a service with "${name}" that shuts down: ${ofServer.length} cases`, { timeout: 60_000 }, async (t) => {
      const { server, end, close } = await openServer(name)
      t.after(close)
      const behaviour = 'stays while the service shuts down'
      const told = await Promise.all(ofServer.map(async (rejection, index): Promise<Told> => {
        const requestId = `${name.replaceAll(' ', '-')}-end-${index}`
        const { kind, length, code } = rejection
        const conversation = await begin(server.port, requestId, rejection, behaviour)
        return { requestId, conversation, expected: [code, ...ownDoing[behaviour]], what: `${code}, ${kind} ${length}, ${behaviour}` }
      }))
      await (await fetch(`${server.url}/livez`)).text() // the service has read what was sent before
      end()
      await Promise.all(told.map(async ({ conversation }, index) => await goOn(conversation, behaviour, index)))
      assert.equal(await server.exitCode(), 0, server.stderr)
      check(told, server.lines)
    })
  }

  test('is one of at least 400 cases, of each code but that of a client that has gone', () => {
    assert.ok(cases >= 400, `${cases} cases`)
    const brought = new Set(rejections.map(({ code }) => code))
    assert.deepEqual(errorCodes.filter((code) => !brought.has(code)), ['client_gone'])
  })
})

interface Told {
  readonly requestId: string
  readonly conversation: Conversation
  readonly expected: readonly ErrorCode[]
  readonly what: string
}

/** Each request has one line, whose status and code are those of the response if there was one. */
function check (told: readonly Told[], lines: readonly LogLine[]): void {
  assert.deepEqual(lines.filter(({ level }) => level >= 60), [])
  for (const { requestId, conversation, expected, what } of told) {
    const [response] = conversation.responses()
    const ends = lines.filter((line) => line['status'] !== undefined && line['requestId'] === (response?.headers.get('x-request-id') ?? requestId))
    // What is no HTTP has no request id of its own.
    assert.ok(ends.length === 1 || (ends.length === 0 && expected.includes('headers_too_large')), `${what}: ${ends.length} lines`)
    const [end] = ends
    if (response === undefined) {
      if (end !== undefined) assert.ok(end['status'] === clientGone || expected.includes(end['code'] as ErrorCode), `${what}: ${JSON.stringify(end)}`)
      continue
    }
    const { code, status = 200 } = JSON.parse(response.body) as { code?: ErrorCode, status?: number }
    if (code !== undefined) assert.ok(expected.includes(code), `${what}: ${response.body}`)
    else assert.match(what, mayBeInTime)
    assert.deepEqual([response.status, end!['status'], end!['code']], [status, status, code], what)
  }
}

/** Counts a code as the metrics do: images that fail by themselves, else the request. */
function countCode (lines: readonly LogLine[], code: ErrorCode): number {
  const ends = lines.filter(({ status }) => status !== undefined)
  return ends.flatMap((line) => line['imageCodes'] as ErrorCode[] | undefined ?? [line['code']]).filter((each) => each === code).length
}
